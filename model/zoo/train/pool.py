"""All samples that have been made so far, on the device, and batches of them."""

import pathlib

import numpy
import torch


class Pool:
    """Grows by chunks; a batch is drawn from all of them."""

    def __init__(self, folder: pathlib.Path, device, eos_id: int):
        self._folder, self._device, self._eos = folder, device, eos_id
        self._tokens = torch.zeros(0, dtype=torch.int16, device=device)
        self._starts, self._prompts, self._lengths = (torch.zeros(0, dtype=torch.int64, device=device) for _ in range(3))
        self._fitting = {}
        self.chunks = 0

    def take_next(self) -> bool:
        """One more chunk, if it is there."""
        path = self._folder / f"{self.chunks:05}.npz"
        if not path.exists():
            return False
        with numpy.load(path) as chunk:
            tokens, starts, prompts = (torch.from_numpy(chunk[name].astype(kind)).to(self._device) for name, kind in
                                       (("tokens", numpy.int16), ("starts", numpy.int64), ("prompts", numpy.int64)))
        base = self._tokens.shape[0]
        self._tokens = torch.cat((self._tokens, tokens))
        self._starts = torch.cat((self._starts, starts[:-1] + base))
        self._lengths = torch.cat((self._lengths, starts[1:] - starts[:-1]))
        self._prompts = torch.cat((self._prompts, prompts))
        self._fitting.clear()
        self.chunks += 1
        return True

    @property
    def samples(self) -> int:
        return self._starts.shape[0]

    def batch(self, rows: int, n: int, generator):
        """tokens i64 [rows, n] filled up with end-of-text, prompts and lengths i64 [rows]: of samples that leave room
        for an end-of-text token."""
        if n not in self._fitting:
            self._fitting[n] = (self._lengths < n).nonzero()[:, 0]
        fitting = self._fitting[n]
        picked = torch.randint(fitting.shape[0], (rows,), generator=generator, device=self._device)
        picked = fitting[picked]
        lengths, prompts = self._lengths[picked], self._prompts[picked]
        at = torch.arange(n, device=self._device)[None]
        is_text = at < lengths[:, None]
        found = self._tokens[torch.where(is_text, self._starts[picked][:, None] + at, 0)].long()
        return torch.where(is_text, found, self._eos), prompts, lengths
