"""Method and limits: what a second examiner needs to repeat the work and to attack it."""

from __future__ import annotations

import math
import re
import shlex

from forensics.record import CaseRecord, LikelihoodRatio
from reports.case import DIGEST_COMMAND, Case, record_digest
from reports.content import Block, Bullets, Paragraph, Table
from reports.numbers import plain, ratio, seconds, signed
from reports.sections.exhibits import about
from reports.sections.naming import human, signal_name
from reports.text import ascii_form, is_typeable


def propositions(case: Case) -> list[Block]:
    """Print H1 and H2 as they were fixed."""
    words, verdict = case.template.words, case.record.verdict
    return [
        Paragraph(case.said(verdict.proposition_h1), words.h1),
        Paragraph(case.said(verdict.proposition_h2), words.h2),
    ]


def scale(case: Case) -> list[Block]:
    """Print the table of words with its edges and citation."""
    words = case.template.words
    rows: list[tuple[str, ...]] = []
    for band in case.scale.bands:
        upper = band.upper_log10
        open_end = upper is None or math.isinf(upper)
        rows.append(
            (
                case.said(band.words), ratio(band.lower_log10),
                words.scale_open if open_end or upper is None else ratio(upper),
                plain(band.lower_log10, 2),
                words.scale_open if open_end or upper is None else plain(upper, 2),
            )
        )  # fmt: skip
    return [
        Table(words.columns_limit, tuple(rows), (0.36, 0.16, 0.16, 0.16, 0.16)),
        Paragraph(words.scale_limit.format(limit=plain(case.scale.support_from_log10))),
        Paragraph(words.scale_source.format(citation=case.scale.citation), style="note"),
    ]


def calibration(case: Case) -> list[Block]:
    """Print every calibration used, what it was fitted on, and every LR with its bound."""
    words = case.template.words
    blocks: list[Block] = []
    used = dict.fromkeys(
        (weight.source, weight.calibration_id, weight.population) for weight in case.record.weights
    )
    for source, identity, population in used:
        of_it = [w for w in case.record.weights if w.calibration_id == identity]
        blocks += [
            Paragraph(source, words.calibration_name, "subhead"),
            Paragraph(identity, words.calibration_id, "mono"),
            Paragraph(case.said(population), words.population),
            Table(
                words.columns_calibration, tuple(_weight(case, w) for w in of_it),
                (0.16, 0.14, 0.14, 0.22, 0.14, 0.2),
            ),
            Paragraph(words.contributions, style="note"),
            Bullets(tuple(_contributions(case, w) for w in of_it if w.contributions)),
        ]  # fmt: skip
    return blocks


def _who(case: Case, weight: LikelihoodRatio) -> str:
    words = case.template.words
    return words.whole_item if weight.track is None else words.face.format(id=weight.track)


def _weight(case: Case, weight: LikelihoodRatio) -> tuple[str, ...]:
    return (
        _who(case, weight), plain(weight.score), signed(weight.log10_lr),
        case.template.words.interval.format(low=signed(weight.lower), high=signed(weight.upper)),
        f"±{plain(weight.bound)}", f"{weight.n_h1} / {weight.n_h2}",
    )  # fmt: skip


def _contributions(case: Case, weight: LikelihoodRatio) -> str:
    listed = ", ".join(
        f"{signal_name(name)} {signed(value)}" for name, value in weight.contributions
    )
    return f"{human(_who(case, weight))}: {listed}"


def analyzers(case: Case) -> list[Block]:
    """Print which analyzers ran, what each said how often, and the digests of their weights."""
    words, record = case.template.words, case.record
    rows = tuple(
        (
            human(name), version,
            str(sum(seen.analyzer == name for seen in record.signals())),
            str(sum(seen.analyzer == name for seen in record.facts())),
            str(sum(seen.analyzer == name for seen in record.abstentions())),
        )
        for name, version in record.tool.analyzers.items()
    )  # fmt: skip
    models = tuple(record.model_digests.items())
    return [
        Table(words.columns_analyzer, rows, (0.4, 0.15, 0.15, 0.15, 0.15)),
        Table(words.columns_model, models, (0.46, 0.54), (1,))
        if models
        else Paragraph(words.no_models),
        Table((), _environment(case), (0.25, 0.75)),
    ]


def _environment(case: Case) -> tuple[tuple[str, str], ...]:
    words, record = case.template.words, case.record
    place = record.environment
    libraries = ", ".join(f"{name} {version}" for name, version in place.libraries.items())
    return (
        (words.tool, f"{record.tool.name} {record.tool.version}"),
        (words.python, place.python),
        (words.machine, place.machine),
        (words.device, place.device),
        (words.landmarker, place.landmarker),
        (words.libraries, libraries),
        (words.settings, ", ".join(_settings(record))),
    )


def _settings(record: CaseRecord) -> list[str]:
    return [f"{name} {value}" for name, value in record.settings.model_dump(mode="json").items()]


def media(case: Case) -> list[Block]:
    """Print what the decoder said of the item, and how good each face is."""
    words, found = case.template.words, case.record.media
    yes_no = {True: words.yes, False: words.no}
    name = case.record.item.name
    typed = () if is_typeable(name) else ((words.media_name_ascii, ascii_form(name, 1000)),)
    rows = (
        (words.media_name, name),
        *typed,
        (words.media_kind, found.kind),
        (words.media_container, found.container),
        (words.media_codec, found.codec),
        (words.media_size, f"{found.width_px} × {found.height_px} px"),
        (words.media_rotation, f"{found.rotation_deg}°"),
        (words.media_pixel, f"{found.pixel_format}, {found.bit_depth}, {yes_no[found.hdr]}"),
        (words.media_interlaced, str(found.interlaced_frames)),
        (words.media_duration, f"{seconds(found.duration_s)} s"),
        (words.media_frames, f"{found.frames_declared} / {found.frames_decoded}"),
        (words.media_failures, str(found.decode_failures)),
        (words.media_rate, f"{plain(found.average_rate_fps, 5)} /s"),
        (words.media_variable, yes_no[found.variable_frame_rate]),
        (words.media_gaps, str(found.gaps)),
        (words.media_duplicates, str(found.duplicate_frames)),
        (words.media_truncated, yes_no[found.truncated]),
        (words.media_shots, str(len(case.record.shots))),
        (words.media_tracks, str(len(case.record.tracks))),
        *((words.media_note, case.said(note)) for note in found.notes),
    )
    faces = tuple(
        (
            str(track.id), str(track.frames_seen), str(track.frames_examined),
            str(round(track.quality.face_px)), plain(track.quality.sharpness),
            plain(track.quality.exposure), plain(track.quality.clipped_share),
            plain(track.quality.occluded_share), plain(track.quality.qp),
            plain(track.quality.blockiness), plain(track.quality.yaw_deg),
        )
        for track in case.record.tracks
    )  # fmt: skip
    quality = Table(words.columns_quality, faces, (1 / 11,) * 11)
    return [Table((), rows, (0.35, 0.65)), *([quality] if faces else [])]


def abstentions(case: Case) -> list[Block]:
    """Print every abstention with its reason; the same one for several people once."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for seen in case.record.abstentions():
        where = about(case, seen.extent.start_s, seen.extent.end_s, seen.extent.track)
        key = (seen.analyzer, case.template.reasons[seen.reason], seen.detail)
        grouped.setdefault(key, []).append(where)
    rows = tuple(
        (human(analyzer), ", ".join(dict.fromkeys(whom)), reason, case.said(detail))
        for (analyzer, reason, detail), whom in grouped.items()
    )
    columns = case.template.words.columns_abstention
    return [Table(columns, rows, (0.2, 0.2, 0.2, 0.4))] if rows else []


def limits(case: Case) -> list[Block]:
    """Print what the verdict does not speak of."""
    found = case.record.verdict.limitations
    return [Bullets(tuple(map(case.said, found)))] if found else []


def untested_all(case: Case) -> list[Block]:
    """Print what was not tested, uncut."""
    found = case.record.verdict.not_examined
    return [Bullets(tuple(map(case.said, found)))] if found else []


def rerun(case: Case) -> list[Block]:
    """Print the command that repeats the examination, and the one that checks the digest."""
    words = case.template.words
    return [
        Paragraph(words.command),
        Paragraph(command_of(case.record), style="mono"),
        Paragraph(words.command_render),
        Paragraph(f"audit report record.json --template {case.template.name}", style="mono"),
        Paragraph(words.command_digest),
        Paragraph(DIGEST_COMMAND, style="mono"),
        Paragraph(words.determinism),
    ]


def command_of(record: CaseRecord) -> str:
    """Write the command that repeats an examination.

    A name that a shell could misread, or that cannot be typed, is replaced by FILE.
    """
    asked = record.settings
    name = record.item.name
    typed = name if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_. ()+,-]*", name) else "FILE"
    parts = ["audit", shlex.quote(typed), "--frames", str(asked.frames)]
    parts += ["--every-frame"] if asked.every_frame else []
    parts += ["--device", asked.device, "--landmarks", asked.landmarks]
    parts += ["--seed", str(asked.seed)]
    for option, files in (
        ("--control", asked.controls), ("--reference", asked.references), ("--donor", asked.donors),
    ):  # fmt: skip
        for name in files:
            parts += [option, shlex.quote(name)]
    parts += ["--attribution"] if asked.attribution else []
    parts += ["--sources", shlex.quote(asked.sources)] if asked.sources else []
    return " ".join(parts)


def expected(case: Case) -> list[Block]:
    """Print the digests that a repeated examination must give."""
    words, record = case.template.words, case.record
    rows = (
        (words.digest_item, record.item.sha256),
        (words.digest_record, record_digest(record)),
        *((exhibit.file, exhibit.sha256) for exhibit in record.exhibits),
    )
    return [Table(words.columns_digest, rows, (0.46, 0.54), (1,))]


def run(case: Case) -> list[Block]:
    """Print what varies from run to run; nothing in a reproducible report."""
    if case.reproducible:
        return []
    words, this = case.template.words, case.record.run
    stages = ", ".join(f"{name} {value:.2f}" for name, value in this.stage_s.items())
    rows = (
        (words.run_started, this.started_utc),
        (words.run_finished, this.finished_utc),
        (words.run_operator, this.operator or "–"),
        (words.run_path, this.path),
        (words.run_modified, this.modified_utc),
        (words.run_argv, shlex.join(this.argv)),
        (words.run_stages, stages),
        (words.run_memory, f"{this.peak_memory_mb:.0f} MB"),
    )
    return [Table((), rows, (0.25, 0.75))]
