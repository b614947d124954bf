"""What the file's own structure says: how, when and with what it was written.

Source: ISO/IEC 14496-12 for boxes and times; the encoder's own text for its settings.
Limits: all of it can be written at will and is lost when a platform re-encodes. It is context for
the verdict and never enters it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np

from forensics.analyzer import Analyzer, Findings, Material
from forensics.intake.probe import Container
from forensics.record import Fact, round_floats

SHOWN_TAGS = 64
DULL_TAGS = frozenset(
    {"language", "vendor_id", "major_brand", "minor_version", "compatible_brands", "handler_name",
     "creation_time"}
)  # fmt: skip
"""Tags that say nothing, or that are printed from the boxes instead."""

TOOL_NAMES = re.compile(
    r"face[\s_-]?fusion|deep[\s_-]?face[\s_-]?(lab|live)|face[\s_-]?swap|\broop\b|sim[\s_-]?swap|"
    r"\breface\b|insight[\s_-]?swap|deep[\s_-]?fake|synthesia|\bheygen\b|face was replaced",
    re.IGNORECASE,
)
"""Names that makers of swaps leave in tags when they do not hide."""

MEDIUM = {"subme": "7", "ref": "3", "me": "hex", "trellis": "1", "rc_lookahead": "40"}
"""What x264's preset "medium" sets."""

FIRST_FRAMES = 60
LISTED = 8


class ContainerFacts(Analyzer):
    """Prints how the file was written."""

    name = "container"
    version = "1"
    title = "File structure"
    examines = "boxes, brands, writer and encoder settings, times, frame types, gaps"
    weighed = False

    def analyze(self, material: Material) -> Findings:
        """List the facts; a still has few."""
        container = material.container
        facts = [
            *self._structure(container),
            *self._writer(container),
            *self._times(container),
            *self._tags(container),
        ]
        if material.media.kind == "video":
            facts += [*self._frames(material), *self._timing(material)]
        return Findings(tuple(facts))

    def _structure(self, container: Container) -> Iterator[Fact]:
        yield self.fact("format", container.format_name)
        yield self.fact("streams", container.streams)
        if not container.boxes:
            return
        top = tuple(box.kind for box in container.boxes if box.depth == 0)
        yield self.fact(
            "box_order", top[:FIRST_FRAMES], locator="top level",
            words="Order of the file's outermost boxes.",
        )  # fmt: skip
        yield self.fact("box_count", len(container.boxes), unit="boxes")
        if container.brand:
            yield self.fact("brand", container.brand, locator="ftyp")
            yield self.fact("compatible_brands", container.compatible_brands, locator="ftyp")
        first = container.index_first()
        if first is not None:
            yield self.fact(
                "index_first", first, locator="moov, mdat",
                words="The index stands before the media (fast start), as platforms write it. It "
                "is also the default of facefusion's writer; that alone means nothing."
                if first else "The index stands after the media, as most writers leave it.",
            )  # fmt: skip
        if container.damage:
            yield self.fact(
                "damage", container.damage, locator="boxes", notable=True,
                words="The file's structure is damaged or cut: part of it may be missing.",
            )  # fmt: skip
        if container.boxes_capped:
            yield self.fact("boxes_not_listed", True, words="There are more boxes than are listed.")
        if container.packets.capped:
            count = len(container.packets)
            yield self.fact(
                "packets_listed", count, unit="packets", notable=True,
                words=f"Only the first {count:,} packets were listed: container facts say nothing "
                "of what follows them.",
            )  # fmt: skip

    def _writer(self, container: Container) -> Iterator[Fact]:
        writer = next((v for k, v in container.tags.items() if k.lower() == "encoder"), "")
        names = tuple(t.handler_name for t in container.tracks if t.handler_name)
        if names:
            yield self.fact("handler_names", names, locator="hdlr")
        if writer.startswith("Lavf"):
            yield self.fact(
                "written_by_ffmpeg", writer, locator="tag encoder",
                words="The file was last written by FFmpeg's library: by a tool, an editor or a "
                "platform, not by a camera. Genuine files that were cut, converted or downloaded "
                "say the same.",
            )  # fmt: skip
            if any(name.startswith("Core Media") for name in names):
                yield self.fact(
                    "rewritten", "Apple handler names in a file written by FFmpeg",
                    locator="hdlr, tag encoder",
                    words="The track names are Apple's while the writer is FFmpeg: the file was "
                    "written again after an Apple device or program had written it.",
                )  # fmt: skip
        if container.encoder_settings:
            yield from self._settings(container)

    def _settings(self, container: Container) -> Iterator[Fact]:
        text = container.encoder_settings
        yield self.fact(
            "encoder_settings", text, locator="SEI of the first packets",
            words="Left in the stream by the software encoder that made it.",
        )  # fmt: skip
        options = dict(re.findall(r"(\w+)=([^\s]+)", text))
        default = options.get("rc") == "crf" and options.get("crf") == "23.0"
        if default and all(options.get(key) == value for key, value in MEDIUM.items()):
            yield self.fact(
                "encoder_defaults", "x264 crf 23, preset medium", locator="SEI",
                words="These are FFmpeg's own defaults and very common. They are also the default "
                "of the writer of faceswap; that alone means nothing.",
            )  # fmt: skip
        elif options.get("crf") == "0.0" or options.get("qp") == "0":
            yield self.fact(
                "encoder_defaults", "x264 lossless", locator="SEI",
                words="Lossless encoding is rare for delivered video. It is also a writer default "
                "of DeepFaceLab and usual in editing; that alone means nothing.",
            )  # fmt: skip
        elif options.get("bitrate") == "16000":
            yield self.fact(
                "encoder_defaults", "x264 16 Mb/s", locator="SEI",
                words="16 Mb/s is also a writer default of DeepFaceLab; that alone means nothing.",
            )  # fmt: skip

    def _times(self, container: Container) -> Iterator[Fact]:
        if not container.boxes:
            return
        if container.created_utc is None:
            yield self.fact(
                "created_utc", None, locator="mvhd",
                words="The file does not say when it was made, as is usual after FFmpeg.",
            )  # fmt: skip
        else:
            yield self.fact("created_utc", container.created_utc, locator="mvhd")
            yield self.fact("modified_utc", container.modified_utc, locator="mvhd")
        track_times = tuple(t.created_utc for t in container.tracks)
        if set(track_times) - {container.created_utc}:
            yield self.fact(
                "track_created_utc", track_times, locator="tkhd",
                words="The tracks' times differ from the movie's.",
            )  # fmt: skip
        for track in container.tracks:
            plain = len(track.edits) == 1 and track.edits[0].rate == 1.0
            if track.handler == "vide" and track.edits:
                starts = tuple(
                    None if e.media_start_s is None else round_floats(e.media_start_s)
                    for e in track.edits
                )
                yield self.fact(
                    "edit_list", starts, unit="s", locator="elst",
                    words="One entry that skips the encoder's delay." if plain
                    else "Starts of the stretches that a player shows; empty is a pause. More "
                    "than one entry means the track was trimmed or delayed without re-encoding.",
                )  # fmt: skip
                return

    def _tags(self, container: Container) -> Iterator[Fact]:
        for key, value in list(container.tags.items())[:SHOWN_TAGS]:
            if key.rsplit(": ", 1)[-1].lower() in DULL_TAGS:
                continue
            named = TOOL_NAMES.search(value[:10_000])
            yield self.fact(
                f"tag {key}", value, locator="metadata", notable=named is not None,
                words=f"The tag {key[:40]} speaks of a face-swap tool or a replaced face "
                f"({named.group()!r}). Anyone can write a tag." if named else "",
            )  # fmt: skip

    def _frames(self, material: Material) -> Iterator[Fact]:
        kinds = material.frame_table.kind
        counts = Counter(kinds)
        yield self.fact(
            "frame_types", tuple(f"{kind} {counts[kind]}" for kind in "IPBS?" if counts[kind]),
            words="Whole pictures (I), predicted (P) and predicted from both sides (B).",
        )  # fmt: skip
        yield self.fact("first_frames", kinds[:FIRST_FRAMES], locator="presentation order")
        whole = np.flatnonzero(np.frombuffer(kinds.encode(), np.uint8) == ord("I"))
        steps = np.diff(whole)
        if len(steps):
            usual = int(np.median(steps))
            regular = float((steps == usual).mean())
            yield self.fact(
                "gop_frames", tuple(int(step) for step in steps[:FIRST_FRAMES]), unit="frames",
                words=f"Frames from one whole picture to the next: usually {usual}, "
                f"{100 * regular:.0f} % of the time.",
            )  # fmt: skip
        rate = material.container.packets.bit_rate()
        if np.isfinite(rate):
            yield self.fact("bit_rate", round_floats(rate / 1000), unit="kbit/s")
        qp = material.frame_table.qp
        if np.isfinite(qp).any():
            yield self.fact(
                "quantization", round_floats(float(np.nanmedian(qp))), unit="QP",
                words="Median over frames of the mean quantization; higher is coarser.",
            )  # fmt: skip

    def _timing(self, material: Material) -> Iterator[Fact]:
        table = material.frame_table
        steps = np.diff(table.pts_s)
        usual = float(np.median(steps)) if len(steps) else 0.0
        gaps = table.pts_s[:-1][steps > 2.5 * usual] if usual > 0 else np.zeros(0)
        if len(gaps):
            yield self.fact(
                "gaps", tuple(round(float(t), 3) for t in gaps[:LISTED]), unit="s",
                words=f"{len(gaps)} pauses of more than 2.5 usual frame steps; the first begin "
                "here. Recorders under load and cuts without re-encoding both leave them.",
            )  # fmt: skip
        if table.duplicate.any():
            times = table.pts_s[table.duplicate]
            yield self.fact(
                "duplicate_frames", tuple(round(float(t), 3) for t in times[:LISTED]), unit="s",
                words=f"{len(times)} frames look the same as the one before, at a small size; "
                "the first are here. Frame-rate conversion and still scenes leave them.",
            )  # fmt: skip
