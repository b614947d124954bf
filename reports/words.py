"""The wording a language must bring, and what may be filled into each text."""

from __future__ import annotations

import string
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _takes(*allowed: str) -> AfterValidator:
    """Accept a wording whose names in braces are all among these."""

    def check(wording: str) -> str:
        wanted = {name for _, name, _, _ in string.Formatter().parse(wording) if name is not None}
        if wanted - set(allowed):
            unknown = ", ".join(sorted(wanted - set(allowed)))
            raise ValueError(
                f"cannot fill in {{{unknown}}}; there is {', '.join(allowed) or 'none'}"
            )
        return wording

    return AfterValidator(check)


Plain = Annotated[str, _takes()]
Columns2 = Annotated[tuple[Plain, ...], Field(min_length=2, max_length=2)]
Columns3 = Annotated[tuple[Plain, ...], Field(min_length=3, max_length=3)]
Columns4 = Annotated[tuple[Plain, ...], Field(min_length=4, max_length=4)]
Columns5 = Annotated[tuple[Plain, ...], Field(min_length=5, max_length=5)]
Columns6 = Annotated[tuple[Plain, ...], Field(min_length=6, max_length=6)]
Columns7 = Annotated[tuple[Plain, ...], Field(min_length=7, max_length=7)]
Columns11 = Annotated[tuple[Plain, ...], Field(min_length=11, max_length=11)]


class Words(BaseModel):
    """Every text outside headings and conclusions; the annotation says what it may fill in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: Plain
    name_ascii: Plain
    size: Annotated[str, _takes("size")]
    item_line: Annotated[str, _takes("kind", "width", "height", "duration", "codec", "container")]
    still_line: Annotated[str, _takes("width", "height", "codec", "container")]
    examined: Annotated[str, _takes("started", "tool")]
    examined_reproducible: Annotated[str, _takes("tool")]
    operator: Annotated[str, _takes("examined", "operator")]
    unchanged: Plain
    changed: Plain
    face: Annotated[str, _takes("id")]
    face_title: Annotated[str, _takes("id", "start", "end", "px")]
    face_title_still: Annotated[str, _takes("id", "px")]
    people_more: Annotated[str, _takes("count", "kinds")]
    more: Annotated[str, _takes("count", "where")]
    lr_numbers: Annotated[str, _takes("value", "low", "high", "lr_value", "lr_low", "lr_high")]
    edges: Annotated[str, _takes("range")]
    edges_more: Annotated[str, _takes("low")]
    no_lr: Plain
    bar_left: Plain
    bar_right: Plain
    people_differ: Annotated[str, _takes("kinds")]
    contribution_against: Annotated[str, _takes("signal", "value", "who")]
    interval_crosses: Annotated[str, _takes("who")]
    item: Plain
    faces_blurred: Plain
    faces_shown: Plain
    exhibit_missing: Annotated[str, _takes("file")]
    exhibit_altered: Annotated[str, _takes("file", "expected", "found")]
    exhibit_unreadable: Annotated[str, _takes("file")]
    control: Plain
    no_control: Plain
    score: Annotated[str, _takes("score", "unit")]
    people_untimed: Annotated[str, _takes("count")]
    strips_more: Annotated[str, _takes("count")]
    all_measurements: Annotated[str, _takes("who")]
    time_axis: Plain
    gop_types: Annotated[str, _takes("name", "count", "place")]
    gop_series: Annotated[str, _takes("name", "low", "high", "unit", "words")]
    columns_fact: Columns3
    columns_hash: Columns2
    columns_performance: Columns7
    columns_validation: Columns5
    columns_trace: Columns6
    columns_clip: Columns5
    columns_limit: Columns5
    columns_signal: Columns4
    columns_abstention: Columns4
    columns_analyzer: Columns5
    columns_model: Columns2
    columns_digest: Columns2
    columns_setting: Columns2
    columns_calibration: Columns6
    record_file: Plain
    h1: Plain
    h2: Plain
    no_models: Plain
    calibration_id: Plain
    calibration_name: Plain
    interval: Annotated[str, _takes("low", "high")]
    population: Plain
    contributions: Plain
    scale_open: Plain
    scale_source: Annotated[str, _takes("citation")]
    scale_limit: Annotated[str, _takes("limit")]
    whole_item: Plain
    about_time: Annotated[str, _takes("start", "end")]
    command: Plain
    command_render: Plain
    command_digest: Plain
    determinism: Plain
    digest_item: Plain
    digest_record: Plain
    footer: Annotated[str, _takes("title", "item", "tool")]
    footer_record: Annotated[str, _takes("digest")]
    page: Annotated[str, _takes("page", "total")]
    yes: Plain
    no: Plain
    media_name: Plain
    media_name_ascii: Plain
    media_kind: Plain
    media_container: Plain
    media_codec: Plain
    media_size: Plain
    media_rotation: Plain
    media_pixel: Plain
    media_interlaced: Plain
    media_duration: Plain
    media_frames: Plain
    media_failures: Plain
    media_rate: Plain
    media_variable: Plain
    media_gaps: Plain
    media_duplicates: Plain
    media_truncated: Plain
    media_shots: Plain
    media_tracks: Plain
    media_note: Plain
    columns_quality: Columns11
    tool: Plain
    python: Plain
    machine: Plain
    device: Plain
    landmarker: Plain
    libraries: Plain
    settings: Plain
    run_started: Plain
    run_finished: Plain
    run_path: Plain
    run_modified: Plain
    run_argv: Plain
    run_stages: Plain
    run_memory: Plain
    run_operator: Plain
    panel_title: Plain
    panel_seen: Plain
    panel_not_examined: Plain
    panel_faces: Plain
    panel_report: Plain
    panel_folder: Plain
    panel_none: Plain
    panel_more: Annotated[str, _takes("count")]
    panel_numbers: Annotated[str, _takes("value", "low", "high")]
    panel_lr: Annotated[str, _takes("value")]
    panel_boundary: Plain
    lr_capped: Annotated[str, _takes("value", "people")]
    panel_facts: Plain
    panel_at_bound: Annotated[str, _takes("value", "people")]
    original: Annotated[str, _takes("text")]
    own_swap: Annotated[str, _takes("strength", "times")]
    own_genuine: Annotated[str, _takes("strength", "times")]
    own_open: Annotated[str, _takes("original")]
    own_unexamined: Annotated[str, _takes("original")]
    case_line: Annotated[str, _takes("case", "received", "operator")]
    custody_case: Plain
    custody_operator: Plain
    custody_purpose: Plain
    custody_authority: Plain
    custody_request: Plain
    custody_received: Plain
    custody_added: Plain
    custody_before: Plain
    custody_after: Plain
    custody_log: Plain
    custody_log_line: Annotated[str, _takes("line", "digest")]
    custody_none: Plain
    received_given: Plain
    received_case: Plain
    received_added: Plain
    clock_received: Plain
    clock_until: Plain
    clock_open: Plain
    decision_clause: Plain
    decision_measure: Plain
    decision_reasons: Plain
    decision_who: Plain
    decision_second: Plain
    uploader_grounds: Plain
    notice_who: Plain
    notice_what: Plain
    notice_why: Plain
    notice_faith: Plain
    appeal_where: Plain
    review_who: Plain
    review_repeated: Plain
    review_agrees: Plain
    review_date: Plain
    signature_name: Plain
    signature_place: Plain
    signature_hand: Plain
    hash_item: Plain
    hash_size: Plain
    hash_more: Annotated[str, _takes("count")]
    performance_all: Plain
    performance_here: Annotated[str, _takes("name", "who")]
    tippett_axis: Plain
    tippett_caption: Plain
    performance_n: Annotated[str, _takes("h1", "h2")]
    performance_held_out: Annotated[str, _takes("how")]
    rate: Annotated[str, _takes("rate", "low", "high")]
    viewer_title: Annotated[str, _takes("who")]
    viewer_note: Plain
    viewer_frames: Plain
    viewer_time: Plain
    viewer_overlays: Plain
    viewer_strength: Plain
    viewer_at: Annotated[str, _takes("time")]
    viewer_nearest: Annotated[str, _takes("time")]
    viewer_no_frames: Plain
    viewer_keys: Plain
    compare_slide: Plain
    compare_other: Plain
    skip: Plain
    contents: Plain
    printed_from: Plain
    panel_questioned: Plain
    panel_source: Plain
    panel_comparison: Plain
    panel_difference: Plain
    panel_outline: Plain
    may_say: Plain
    may_not_say: Plain
    cite_as: Plain
    cite_text: Annotated[str, _takes("tool", "digest", "item")]
    cite_check: Plain
    validation_counts: Annotated[str, _takes("right", "wrong", "silent")]
    validation_rule: Annotated[str, _takes("rule")]
    validation_share: Annotated[str, _takes("rate", "n")]
    validation_never: Plain
    validation_value: Annotated[str, _takes("value", "unit", "reads")]
    validation_pictures: Plain
    validation_methods: Plain
    validation_traces: Plain
    validation_clips: Plain
    validation_limits: Plain
    validation_encoding: Annotated[
        str,
        _takes(
            "codec", "encoder", "width", "height", "rate", "setting", "reached", "unit", "wanted"
        ),
    ]
    validation_as_it_is: Plain
    role_questioned: Plain
    role_comparison_fake: Plain
    role_original: Plain
    role_control: Plain
    reading_fake: Plain
    reading_genuine: Plain
    reading_silent: Plain
    closer_comparison_fake: Plain
    closer_original: Plain
    closer_undecided: Plain
