"""What clients and gateways say to each other, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

#: One message of a chat.
ChatMessage = Mapping[str, str]
#: A prompt for the chat template, a chat, or token ids.
JobInput = str | Sequence[ChatMessage] | Sequence[int]


@dataclass(frozen=True, slots=True)
class Submission:
    """A job as it is submitted; the same id and body again is the same job."""

    job_id: str
    input: JobInput
    raw: bool = False  # plain text, without the chat template
    special_tokens: bool = False  # of raw text: control tokens in it are tokens, not text
    holes: Sequence[tuple[int, int]] = ()  # of token input: infill these instead of appending
    template: str | None = None  # a text with holes that the input asks to fill; "" input: none
    template_format: int = 0  # 0 text, 1 JSON with holes, 2 JSON Schema
    model: str = ""  # empty: the one that is served
    parameters: Sequence[tuple[str, str]] = ()
    stop: Sequence[str] = ()
    deadline_ms: int = 0  # 0: none
    frames: bool = False
    detached: bool = False  # goes on without its client
    priority: int = 0  # of waiting jobs the highest is next


@dataclass(frozen=True, slots=True)
class Accepted:
    """The job is taken; it is not lost from here on."""

    is_resend: bool
    prompt_tokens: int
    canvas_length: int


@dataclass(frozen=True, slots=True)
class Queued:
    """The job waits; sent whenever its place changes."""

    place: int  # 1: next
    reason: str


@dataclass(frozen=True, slots=True)
class Block:
    """A finished block: final, and told once."""

    index: int
    begin: int  # its positions on the canvas
    end: int
    tokens: tuple[int, ...]
    text: str
    places: tuple[tuple[int, int], ...] = ()  # where the tokens stand on the canvas


@dataclass(frozen=True, slots=True)
class Cell:
    """One position of a frame."""

    token: int  # -1: a hole without a guess
    is_guess: bool  # a hole, for which this token is the best so far
    confidence: float | None  # 0 to 1; None: unknown
    text: str


@dataclass(frozen=True, slots=True)
class Frame:
    """The running block after one iteration: provisional, may be lost."""

    block: int
    iteration: int
    begin: int  # positions of the block
    end: int
    num_holes: int  # left in the block
    cells: tuple[Cell, ...]  # of the positions from begin on; of a very long block the first ones


@dataclass(frozen=True, slots=True)
class Figures:
    """What a job cost."""

    tokens: int
    forwards: int
    prompt_tokens: int
    blocks: int  # that the answer has
    queue_seconds: float
    time_to_first_block_seconds: float  # from acceptance
    seconds: float  # from acceptance

    @property
    def tokens_per_forward(self) -> float:
        return self.tokens / self.forwards if self.forwards else 0.0

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class JobResult:
    """How a job ended, and what it made."""

    job_id: str
    text: str
    tokens: tuple[int, ...]
    finish_reason: str  # stop, length, cancelled, deadline
    figures: Figures
    #: Of a template: what stands in its holes, by their names.
    fills: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobSummary:
    """One line of the list of jobs."""

    job_id: str
    state: str  # queued, running, finished
    tokens: int
    forwards: int
    block: int
    num_blocks: int
    age_seconds: float
    outcome: str  # if finished
    run_seconds: float = 0.0  # of its age, since it last began to run


@dataclass(frozen=True, slots=True)
class Member:
    """One process of the cluster."""

    role: str  # coordinator, gateway, worker
    replica: int
    rank: int
    pid: int
    host: str
    http: str  # http://host:port, or empty
    state: str  # absent, loading, joining, ready, dead
    phase: str  # of loading
    progress: float  # of the phase, 0 to 1


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """The cluster as its coordinator sees it."""

    version: str
    model: str
    epoch: int
    is_ready: bool
    jobs_running: int
    jobs_waiting: int
    kv_pages_used: int
    kv_pages_total: int
    durability: str  # what a coordinator restart loses
    members: tuple[Member, ...] = field(default=())
