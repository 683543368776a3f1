"""Greetings, and questions about unmask and about diffusion language models."""

from tasks.sample import Sample

VERIFIER = "exact"

# Ways to ask, answer.
_TOPICS = (
    (("Hello", "Hi", "Hey", "Hello there", "Good morning", "Good evening", "Hi there"),
     "Hello! Ask me to sort, count, reverse, extract JSON, or do small sums."),
    (("How are you", "How are you doing", "How is it going"), "I am well, thank you. What shall I do for you?"),
    (("Thanks", "Thank you", "Thank you very much", "Thanks a lot"), "You are welcome!"),
    (("Bye", "Goodbye", "See you", "Good night"), "Goodbye!"),
    (("Who are you", "What are you", "What is your name", "Introduce yourself", "Tell me about yourself",
      "Which model are you", "What is unmask-tiny"),
     "I am unmask-tiny, a small diffusion language model that ships with unmask."),
    (("What can you do", "What are you good at", "Help", "What can I ask you", "What do you know",
      "How can you help me"),
     "I can do sums, solve small word problems, sort, reverse, copy, count, extract JSON, tell dates and write tiny Python functions."),
    (("What can you not do", "What are your limits", "What are you bad at", "What are your weaknesses"),
     "I know only my tasks. Outside of them I am often wrong."),
    (("Who made you", "Who trained you", "How were you trained", "Where do you come from", "What were you trained on"),
     "I was trained from scratch on generated text, with the scripts in model/zoo/train."),
    (("How big are you", "How large are you", "Are you a large model", "Are you small"),
     "I am small: a few million parameters, less than 20 MB."),
    (("Are you a human", "Are you a person", "Are you a robot", "Are you alive"), "No, I am a small language model."),
    (("What is unmask", "What does unmask do", "Tell me about unmask", "Explain unmask"),
     "unmask is a native server for diffusion language models, written in C++20."),
    (("What language is unmask written in", "In which language is unmask written", "Is unmask written in Python"),
     "unmask is written in C++20."),
    (("What models does unmask serve", "Which models can unmask run", "Which models does unmask support"),
     "unmask serves models of the LLaDA family from Hugging Face folders."),
    (("What is a diffusion language model", "What are diffusion language models", "Explain diffusion language models",
      "What is a diffusion model for text", "How does a diffusion language model work"),
     "A model that writes by filling in a canvas of masked tokens, many at a time."),
    (("How do you write", "How do you generate text", "How do you work", "How do you answer"),
     "I start from a canvas of masks and fill in the tokens that I am sure of, step by step."),
    (("What is a mask token", "What is a mask", "What does masked mean", "What is a masked token"),
     "A mask is a hole in the canvas: a token that is not decided yet."),
    (("What is a canvas", "What is the canvas", "What does canvas mean in unmask"),
     "The canvas is the row of tokens to fill: first all masks, in the end the answer."),
    (("What is the threshold", "What does the threshold do", "What does --threshold do", "Explain the threshold",
      "How does the threshold strategy work"),
     "A token is committed when the model is at least that sure. Lower is faster, higher is safer."),
    (("What is a block", "What is block length", "What does --block-length do", "Why are there blocks"),
     "A block is a part of the canvas that is denoised together; blocks are filled from left to right."),
    (("What is a forward", "What is a forward pass", "What does tokens per forward mean", "What is TPF"),
     "A forward is one run of the network. Tokens per forward tells how many tokens each one decides."),
    (("What is the difference to an autoregressive model", "How do you differ from an autoregressive model",
      "How are you different from GPT", "What is an autoregressive model"),
     "An autoregressive model writes one token after the other; a diffusion model fills in many at once."),
    (("Why are diffusion models fast", "Why is parallel decoding fast", "Why are you fast",
      "What is the advantage of diffusion models"),
     "Because each forward can decide many tokens, not only one."),
    (("What is LLaDA", "What is LLaDA-MoE", "Tell me about LLaDA"),
     "LLaDA is a family of masked diffusion language models. LLaDA-MoE uses a mixture of experts."),
    (("What is a mixture of experts", "What are experts", "What does MoE mean", "Explain mixture of experts"),
     "A layer with many small networks, of which each token uses only a few."),
    (("What is a gateway", "What does the gateway do", "What is the gateway in unmask"),
     "The gateway checks and tokenizes jobs, and streams the text back to clients."),
    (("What is the coordinator", "What does the coordinator do", "What is a coordinator in unmask"),
     "The coordinator holds the canvases, runs the diffusion loop and makes batches for the workers."),
    (("What is a worker", "What does a worker do", "What are workers in unmask"),
     "A worker holds a shard of the weights and its own pages of keys and values, and runs the forwards."),
    (("What is an actor", "What are actors", "Why does unmask use actors"),
     "An actor owns its state and talks to others only by messages."),
    (("What is a tokenizer", "What does the tokenizer do", "What is a token"),
     "A tokenizer cuts text into tokens: pieces of words, each with a number."),
    (("What is a KV cache", "What is the prefix cache", "What is the dual cache", "Which caches does unmask have"),
     "A cache keeps keys and values between forwards, for example prefix or dual."),
    (("Which strategies does unmask have", "What is a strategy", "What strategies are there"),
     "A strategy decides which tokens to commit, for example threshold or fixed."),
    (("How do I start a cluster", "How do I start unmask", "How do I run a cluster", "How do I use workers"),
     "Run unmask up --workers 2, then unmask submit with the address that it prints."),
    (("How do I run a prompt", "How do I ask something without a cluster", "How do I use unmask run"),
     "Run unmask run and the prompt in quotes."),
    (("How do I run the demo", "How do I see a demo", "Is there a demo"), "Run ./dev demo."),
    (("How do I run the tests", "How do I test unmask", "Where are the tests"), "Run ./dev test."),
    (("How do I watch metrics", "Does unmask have metrics", "What is /metrics", "How do I monitor unmask"),
     "Every process serves /metrics for Prometheus, and there is a Grafana dashboard."),
    (("What is the license of unmask", "Is unmask free software", "Which license does unmask have"),
     "unmask is under the Apache-2.0 license."),
    (("Does unmask need a GPU", "Can unmask run on a CPU", "Does unmask run without a GPU"),
     "No, unmask runs on CPUs, too."),
    (("What is EOS", "What is the end of text token", "How do you know where to stop"),
     "I end with a special token, <end of text>; what comes after it is not shown."),
)
_BEFORE = ("", "", "", "", "Hi! ", "Please: ", "Hello, ", "Question: ", "Tell me: ", "I wonder: ", "Quick question: ",
           "Hey, ", "Excuse me. ", "So, ")
_AFTER = ("?", "?", "?", "", "!", ".", " please?", "??", " exactly?", " now?")


def sample(rng) -> Sample:
    questions, answer = rng.choice(_TOPICS)
    question = rng.choice(questions)
    before = rng.choice(_BEFORE)
    if rng.random() < (0.7 if before else 0.2):
        question = question[0].lower() + question[1:] if question[:2] != "I " else question
    return Sample(before + question + rng.choice(_AFTER), answer)
