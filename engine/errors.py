"""Whose fault is it: the sender's (BadImage), the world's (Transient), the setup's (Misconfigured).

Anything else that is raised is our own bug: it crashes the process loudly and the state
recovers from the journal.
"""

from __future__ import annotations


class CairnError(Exception):
    """Base of the errors that Cairn raises on purpose; the text is one clear line for a person."""


class BadImage(CairnError):
    """The sender's fault: this message can never be clustered; dead-letter it and go on.

    `reason` is a short slug from a small fixed set (it becomes a metric label);
    `detail` says to a person what exactly was wrong.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class BadCommand(CairnError):
    """The sender's fault: this command cannot be carried out, and nothing has changed.

    `reason` is one of `COMMAND_REASONS`; `detail` says to a person what exactly was wrong.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


COMMAND_REASONS = frozenset(
    {
        *("bad_command", "unknown_scope", "unknown_cluster", "unknown_item", "unknown_image"),
        *("unknown_command", "id_conflict", "conflict", "contradiction", "nothing_left"),
        "irreversible",
    }
)


class Transient(CairnError):
    """The world's fault: the same call may succeed later; wait and retry."""


class Stopped(Transient):
    """Told to stop while waiting or recovering: there is nothing to finish."""


class CommitAborted(Transient):
    """A batch was not committed and never will be: forget it, recover, read again."""


class Misconfigured(CairnError):
    """The operator's fault: a setting, path or model that cannot work; say so and exit."""


class StateInUse(Misconfigured):
    """Another process works on this state."""


class UnusableState(Misconfigured):
    """Existing state is damaged, of another format or of another shard: a copy is made anew."""


class StateMismatch(Misconfigured):
    """Existing state was made with another encoder or profile than the one configured now."""
