"""An examination of video for face swaps: is the face in it the face that was filmed?

The public API::

    from forensics import CaseRecord, Settings, audit
    examination = audit(Path("video.mp4"), Settings())
    print(examination.record.verdict.sentence)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forensics.audit import Examination, audit
    from forensics.record import CaseRecord, Settings, Verdict

__all__ = ["CaseRecord", "Examination", "Settings", "Verdict", "audit"]


def __getattr__(name: str) -> Any:
    """Load the public names when they are first used: the line is heavy to import."""
    if name in ("audit", "Examination"):
        from forensics import audit as module

        return getattr(module, name)
    if name in ("CaseRecord", "Settings", "Verdict"):
        from forensics import record

        return getattr(record, name)
    raise AttributeError(name)
