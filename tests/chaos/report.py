"""What a run has come to: breaches, figures, and the section of docs/reliability.md."""

from __future__ import annotations

from collections import Counter, defaultdict

from tests.chaos.ledger import Result

MOST_REPEATS = 0.01
"""Of all requests: one in a hundred, all under the same delivery id."""
LOST = {
    "recordings lost": ("lost", "lost audio", "failed"),
    "callbacks lost": ("lost callback",),
    "results under two ids": ("two ids",),
    "repeats under another delivery id": ("strange repeat",),
    "repeats that say something else": ("changed repeat",),
    "phones dialled twice": ("dialled twice",),
    "untrue numbers": ("untrue",),
    "stuck calls": ("stuck",),
}


class Run:
    """Adds up what the lanes had."""

    def __init__(self) -> None:
        self.result = Result()
        self.calls = self.answered = 0
        self.done: Counter[str] = Counter()
        self.kills: Counter[str] = Counter()
        self.seconds = 0.0

    @property
    def kinds(self) -> set[str]:
        """What was found."""
        return {kind for kind, _ in self.result.breaches}

    @property
    def repeats(self) -> float:
        return self.result.repeats / max(1, self.result.requests)

    def _again(self) -> str:
        """After whose death they came, and how long before it the first was there."""
        after: defaultdict[str, list[int]] = defaultdict(list)
        for what, ms in self.result.again:
            after[what].append(ms)
        most = sorted(after.items(), key=lambda each: -len(each[1]))
        told = (f"{what} {len(ms)} ({', '.join(map(str, sorted(ms)))} ms)" for what, ms in most)
        return f", after the death of: {'; '.join(told)}" if most else ""

    def breaches(self) -> list[str]:
        """What must not have happened, a line each."""
        found = [f"{kind}: {what}" for kind, what in self.result.breaches]
        found += [f"the service broke: {line}" for line in self.result.broke]
        if self.repeats > MOST_REPEATS:
            found.append(f"{self.repeats:.1%} of all requests came again")
        return found

    def figures(self) -> str:
        """As Markdown."""
        kinds = Counter(kind for kind, _ in self.result.breaches)
        lost = [
            f"| {name} | {sum(kinds[each] for each in parts)} |" for name, parts in LOST.items()
        ]
        faults = [f"| {name} | {times} |" for name, times in sorted(self.done.items())]
        how = ", ".join(f"{name} {times}" for name, times in sorted(self.kills.items()))
        missing = self.result.missing_ms
        return (
            f"{self.calls} calls in {self.seconds:.0f} s, {self.answered} of them answered, with"
            f" {self.result.recordings} recordings; {self.result.honest} of them failed and say"
            " why (Asterisk was killed, or a disk was full)."
            f" {self.result.requests} requests, {self.result.repeats} of them repeats"
            f" ({self.repeats:.2%}){self._again()}. Speech missing in a file: at most"
            f" {max(missing, default=0)} ms, {sum(missing)} ms in {len(missing)} sides in all.\n\n"
            "| | |\n| --- | --- |\n" + "\n".join(lost) + "\n\n"
            "| fault | times |\n| --- | --- |\n" + "\n".join(faults) + "\n\n"
            f"The service was killed {self.done['service']} times: {how} (`place`: at a"
            " named failpoint; `start`: twice, the second time while it was starting)."
        )
