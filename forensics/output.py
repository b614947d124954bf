"""The results folder: complete, or not there."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import pandas as pd

from forensics.errors import OutputNotWritable, output_error
from forensics.hash_lists import FOLDER as HASHES
from forensics.hash_lists import hash_lists
from forensics.record import CaseRecord

if TYPE_CHECKING:
    from forensics.audit import Examination

RECORD, REPORT, SIGNALS, EXHIBITS = "record.json", "report.pdf", "signals.csv", "exhibits"


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn operating-system errors met while writing into ours."""
    try:
        yield
    except OSError as error:
        raise output_error(error, path) from error


class Output:
    """Writes into a hidden folder beside the results and moves everything in at the end.

    The folder is tried before the examination starts, so that hours of work do not end at a
    read-only disk. On any error, or Ctrl-C, nothing of the run is left.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made = False
        self._work = folder

    def __enter__(self) -> Output:
        if self.folder.exists() and not self.folder.is_dir():
            raise OutputNotWritable(
                f"{self.folder} is a file, not a folder; choose another with --out"
            )
        self._made = not self.folder.exists()
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._work = Path(tempfile.mkdtemp(prefix=".partial-", dir=self.folder))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                with writing(self.folder):
                    self._move_in()
        finally:
            shutil.rmtree(self._work, ignore_errors=True)
            if kind is not None and self._made:
                with contextlib.suppress(OSError):
                    self.folder.rmdir()

    def write_examination(self, examination: Examination) -> None:
        """Write the record, the table of signals, the hash lists and the exhibits."""
        with writing(self.folder):
            exhibits = self._work / EXHIBITS
            exhibits.mkdir()
            for name, data in examination.exhibits.items():
                (exhibits / name).write_bytes(data)
            lists = hash_lists(examination.record)
            if lists:
                (self._work / HASHES).mkdir()
            for name, data in lists.items():
                (self._work / HASHES / name).write_bytes(data)
            table = signal_table(examination.record)
            table.to_csv(self._work / SIGNALS, index=False, lineterminator="\n")
            (self._work / RECORD).write_text(examination.record.to_json(), encoding="utf-8")

    def write_pdf(self, record: CaseRecord, *, show_faces: bool, reproducible: bool) -> None:
        """Render the report beside the record."""
        from reports.pdf import render_pdf

        with writing(self.folder):
            render_pdf(
                record, self._work / EXHIBITS, self._work / REPORT, show_faces=show_faces,
                reproducible=reproducible,
            )  # fmt: skip

    def _move_in(self) -> None:
        """Move everything in; the record comes last, so that where it is, the rest is."""
        (self.folder / RECORD).unlink(missing_ok=True)
        for stale in (REPORT, SIGNALS):
            if not (self._work / stale).exists():
                (self.folder / stale).unlink(missing_ok=True)
        shutil.rmtree(self.folder / HASHES, ignore_errors=True)
        for made in sorted(self._work.iterdir(), key=lambda path: (path.name == RECORD, path.name)):
            target = self.folder / made.name
            if target.is_dir():
                shutil.rmtree(target)
            made.replace(target)


def signal_table(record: CaseRecord) -> pd.DataFrame:
    """Lay out the signals: a row a frame and track, a column a signal."""
    rows: dict[tuple[int, float], dict[str, float | None]] = {}
    columns: list[str] = []
    for signal in record.signals():
        column = f"{signal.analyzer}.{signal.name}"
        if signal.times_s and column not in columns:
            columns.append(column)
        for time, value in zip(signal.times_s, signal.values, strict=True):
            rows.setdefault((signal.extent.track or 0, time), {})[column] = value
    table = [{"track": track, "time_s": time, **rows[track, time]} for track, time in sorted(rows)]
    return pd.DataFrame(table, columns=["track", "time_s", *columns])
