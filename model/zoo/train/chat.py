"""Chat messages as the text that LLaDA-MoE's chat template makes of them."""

TEMPLATE = (
    "{{- '<role>SYSTEM</role>' }}{%- if messages and messages[0]['role'] == 'system' %}"
    "{{- messages[0]['content'] + '\\n' }}{%- endif %}{{- 'detailed thinking off<|role_end|>' }}"
    "{%- for message in messages %}{%- if message['role'] == 'user' %}"
    "{{- '<role>HUMAN</role>' + message['content'] + '<|role_end|>' }}{%- elif message['role'] == 'assistant' %}"
    "{{- '<role>ASSISTANT</role>' + message['content'] + '<|role_end|>' }}{%- endif %}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<role>ASSISTANT</role>' }}{%- endif %}"
)


def render(prompt: str, system: str = "", earlier: tuple = ()) -> str:
    """earlier: pairs of question and answer."""
    text = "<role>SYSTEM</role>" + (system + "\n" if system else "") + "detailed thinking off<|role_end|>"
    for question, answer in earlier:
        text += f"<role>HUMAN</role>{question}<|role_end|><role>ASSISTANT</role>{answer}<|role_end|>"
    return text + f"<role>HUMAN</role>{prompt}<|role_end|><role>ASSISTANT</role>"
