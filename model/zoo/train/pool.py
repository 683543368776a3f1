"""All samples that have been made so far, on the device, and batches of them."""

import pathlib

import numpy
import torch


class _Growing:
    """A tensor that is appended to, with room for more."""

    def __init__(self, kind, device):
        self._room = torch.zeros(1 << 16, dtype=kind, device=device)
        self.size = 0

    def append(self, values) -> None:
        end = self.size + values.shape[0]
        while end > self._room.shape[0]:
            self._room = torch.cat((self._room, torch.zeros_like(self._room)))
        self._room[self.size:end] = values.to(self._room)
        self.size = end

    @property
    def values(self):
        return self._room[:self.size]


class Pool:
    """Grows by chunks; a batch is drawn from all of them."""

    def __init__(self, folder: pathlib.Path, device, eos_id: int):
        self._folder, self._device, self._eos = folder, device, eos_id
        self._tokens = _Growing(torch.int16, device)
        self._starts, self._prompts, self._lengths = (_Growing(torch.int64, device) for _ in range(3))
        self._fitting = {}
        self.chunks = 0

    def take_next(self) -> bool:
        """One more chunk, if it is there."""
        path = self._folder / f"{self.chunks:05}.npz"
        if not path.exists():
            return False
        with numpy.load(path) as chunk:
            tokens, starts, prompts = (torch.from_numpy(chunk[name].astype(kind)) for name, kind in
                                       (("tokens", numpy.int16), ("starts", numpy.int64), ("prompts", numpy.int64)))
        self._starts.append(starts[:-1] + self._tokens.size)
        self._lengths.append(starts[1:] - starts[:-1])
        self._prompts.append(prompts)
        self._tokens.append(tokens)
        self._fitting.clear()
        self.chunks += 1
        return True

    @property
    def samples(self) -> int:
        return self._starts.size

    def batch(self, rows: int, n: int, generator):
        """tokens i64 [rows, n] filled up with end-of-text, prompts and lengths i64 [rows]: of samples that leave room
        for an end-of-text token."""
        if n not in self._fitting:
            self._fitting[n] = (self._lengths.values < n).nonzero()[:, 0]
        fitting = self._fitting[n]
        picked = torch.randint(fitting.shape[0], (rows,), generator=generator, device=self._device)
        picked = fitting[picked]
        lengths, prompts = self._lengths.values[picked], self._prompts.values[picked]
        at = torch.arange(n, device=self._device)[None]
        is_text = at < lengths[:, None]
        found = self._tokens.values[torch.where(is_text, self._starts.values[picked][:, None] + at, 0)].long()
        return torch.where(is_text, found, self._eos), prompts, lengths
