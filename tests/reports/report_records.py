"""Synthetic records: valid, of every kind of verdict, with names that mean harm."""

from __future__ import annotations

import hashlib
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from forensics.record import (
    Abstention,
    CaseRecord,
    Conclusion,
    Environment,
    Exhibit,
    Extent,
    Fact,
    Item,
    LikelihoodRatio,
    Media,
    Observation,
    Quality,
    Reason,
    Run,
    Settings,
    Shot,
    Signal,
    Tool,
    TrackSummary,
    TrackVerdict,
    Verdict,
)

DIGEST = "3f" * 32
HOSTILE = "<b>&bad;</b> [red]x[/red] \x1b[31m\u202egpj.4pm\u202c \x07\u200b {0} %s.mp4"
ARABIC = "مقابلة الوزير ٢٠٢٦.mp4"
HEBREW = "ראיון עם השר.mp4"
CJK = "大臣インタビュー 장관 인터뷰.mp4"

LOG10_LR = {
    Conclusion.SUPPORTS_FACE_SWAP: (1.42, 0.61, 1.9),
    Conclusion.SUPPORTS_NO_FACE_SWAP: (-1.31, -1.78, -0.4),
    Conclusion.INCONCLUSIVE: (0.22, -0.5, 0.9),
    Conclusion.NOT_EXAMINABLE: (None, None, None),
}
SENTENCE = {
    Conclusion.SUPPORTS_FACE_SWAP: "moderate support for a face swap; the measurements are 26.3 "
    "times more probable if the face was replaced than if it was only recorded and transcoded.",
    Conclusion.SUPPORTS_NO_FACE_SWAP: "moderate support for no face swap; the measurements are "
    "20.4 times more probable if the face was only recorded and transcoded than if replaced.",
    Conclusion.INCONCLUSIVE: "inconclusive; the measurements carry no support for either "
    "proposition.",
    Conclusion.NOT_EXAMINABLE: "could not be examined: face of 31 px; 64 px are needed.",
}
STRENGTH = {
    Conclusion.SUPPORTS_FACE_SWAP: "moderate support for the proposition that the face was "
    "replaced",
    Conclusion.SUPPORTS_NO_FACE_SWAP: "moderate support for the proposition that the face was "
    "not replaced",
    Conclusion.INCONCLUSIVE: "no support for either proposition",
    Conclusion.NOT_EXAMINABLE: "not weighed",
}


def picture(folder: Path, name: str, seed: int, title: str, **more: Any) -> Exhibit:
    """Write a picture that looks a little like a face, and describe it."""
    height, width = (160, 128) if "thumb" in name else (256, 256)
    y, x = np.mgrid[:height, :width]
    oval = ((x - width / 2) / (width * 0.36)) ** 2 + ((y - height / 2) / (height * 0.42)) ** 2 < 1
    rng = np.random.default_rng(seed)
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[...] = (70 + 20 * (seed % 5), 100, 140)
    rgb[oval] = (205, 160, 130)
    for side in (-1, 1):
        eye = (x - width / 2 - side * width * 0.14) ** 2 + (y - height * 0.42) ** 2
        rgb[eye < (width * 0.05) ** 2] = (20, 20, 20)
    noise = rng.integers(-12, 12, rgb.shape)
    out = io.BytesIO()
    Image.fromarray(np.clip(rgb + noise, 0, 255).astype(np.uint8)).save(out, "PNG")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(out.getvalue())
    return Exhibit(
        file=name, sha256=hashlib.sha256(out.getvalue()).hexdigest(),
        analyzer=more.pop("analyzer", "faces"), title=title,
        caption=more.pop("caption", "Most frontal sharp frame."), **more,
    )  # fmt: skip


def _track(number: int) -> TrackSummary:
    quality = Quality(
        face_px=212.4 / number, sharpness=2.31, exposure=0.48, clipped_share=0.01,
        occluded_share=0.0, qp=24.0, blockiness=1.07, yaw_deg=11.2,
    )  # fmt: skip
    return TrackSummary(
        id=number, start_s=0.4 * number, end_s=0.4 * number + 8.2, frames_seen=200,
        frames_examined=32, confidence=0.97, quality=quality, thumbnail=f"thumb-{number}.png",
    )  # fmt: skip


def _signals(number: int) -> list[Observation]:
    times = tuple(round(0.4 * number + 0.26 * k, 3) for k in range(32))
    found: list[Observation] = []
    named = (
        ("blending_boundary", "texture_break", "log10 ratio", "Fine texture around the face is "
         "2.10 times that inside it."),
        ("blending_boundary", "color_step", "CIELAB delta E", "Skin color steps by 4.1 units "
         "across the upper outline of the face."),
        ("face_bandwidth", "ceiling", "cycles/face", "The face holds no detail finer than 64 px "
         "across, although its surroundings do."),
        ("landmark_jitter", "jitter", "px", "Landmarks move 1.4 times as much as the head does."),
    )  # fmt: skip
    for at, (analyzer, name, unit, words) in enumerate(named):
        values = tuple(
            None if k % 11 == 10 else round(math.sin(k / (2 + at)) + 0.1 * at, 4) for k in range(32)
        )
        found.append(
            Signal(
                analyzer=analyzer, version="1", name=name, unit=unit,
                extent=Extent(start_s=times[0], end_s=times[-1], track=number),
                times_s=times, values=values, score=0.32 + at, words=words,
            )
        )  # fmt: skip
    found.append(
        Signal(
            analyzer="blending_boundary", version="1", name="seam_gradient", unit="log10 ratio",
            extent=Extent(track=number), score=0.21,
            words="In the average of the track, the gradient on the outline of the face is 1.62 "
            "times that beside it.",
        )
    )  # fmt: skip
    return found


def _facts(tag: str) -> list[Observation]:
    def fact(name: str, value: Any, **more: Any) -> Fact:
        return Fact(
            analyzer=more.pop("analyzer", "container"), version="1", name=name, value=value, **more
        )

    return [
        fact("encoder", tag, locator="moov/udta/©too"),
        fact("boxes", ("ftyp", "moov", "mdat"), locator="file"),
        fact("frame_types", tuple("IPPBPPBPPBPP" * 12), locator="stream 0"),
        fact("frame_qp", tuple(24.0 + (k % 12) / 3 for k in range(144)), unit="QP"),
        fact(
            "writer_default", "libx264 crf 23 medium", notable=True,
            words="The encoder settings are the defaults that face-swap tools and many others "
            "write.",
        ),
        fact(
            "c2pa", "absent", analyzer="content_credentials", notable=True,
            words="No Content Credentials: origin unknown. Most genuine video has none.",
        ),
    ]  # fmt: skip


def _person(number: int, conclusion: Conclusion) -> TrackVerdict:
    value, lower, upper = LOG10_LR[conclusion]
    reasons = [
        "Fine texture around the face is 2.10 times that inside it.",
        "The face holds no detail finer than 64 px across, although its surroundings do.",
        "Skin color steps by 4.1 units across the upper outline of the face.",
    ]
    if value is None:
        reasons = ["face of 31 px; 64 px are needed"]
    return TrackVerdict(
        track=number, conclusion=conclusion, strength=STRENGTH[conclusion], log10_lr=value,
        lower=lower, upper=upper, sentence=f"Person {number}: {SENTENCE[conclusion]}",
        reasons=tuple(reasons),
    )  # fmt: skip


def _weight(number: int | None, conclusion: Conclusion) -> LikelihoodRatio | None:
    value, lower, upper = LOG10_LR[conclusion]
    if value is None or lower is None or upper is None:
        return None
    return LikelihoodRatio(
        source="hand-made signals", track=number, score=1.9, log10_lr=value, lower=lower,
        upper=upper, bound=1.9, calibration_id="9c" * 32,
        population="pseudo-faked and genuine frames of 80 people, H.264 at 360p to 720p",
        n_h1=78, n_h2=80,
        contributions=(
            ("blending_boundary.texture_break", 0.9), ("face_bandwidth.ceiling", 0.7),
            ("landmark_jitter.jitter", -0.41),
        ),
    )  # fmt: skip


def _abstentions() -> list[Observation]:
    return [
        Abstention(
            analyzer="learned_discriminator", version="1", reason=Reason.MODEL_ABSENT,
            detail="its weights are not installed",
        ),
        Abstention(
            analyzer="landmark_jitter", version="1", reason=Reason.INSUFFICIENT,
            detail="9 frames; 12 are needed", extent=Extent(start_s=0.4, end_s=1.1, track=1),
        ),
    ]  # fmt: skip


def _media(kind: str) -> Media:
    return Media(
        kind="still" if kind == "still" else "video", container="mov,mp4,m4a", codec="h264",
        width_px=1280, height_px=720, pixel_format="yuv420p", duration_s=20.02,
        frames_declared=501, frames_decoded=500, decode_failures=1, average_rate_fps=25.0,
        notes=("one frame repeats",),
    )  # fmt: skip


def make(
    folder: Path,
    conclusions: tuple[Conclusion, ...] = (Conclusion.SUPPORTS_FACE_SWAP,),
    *,
    name: str = "interview.mp4",
    tag: str = "Lavf60.16.100",
    item: Conclusion | None = None,
    kind: str = "video",
) -> CaseRecord:
    """Make a record with one track a conclusion, and its exhibits in a folder."""
    people = tuple(_person(n, kind) for n, kind in enumerate(conclusions, 1))
    overall = item or (conclusions[0] if conclusions else Conclusion.NOT_EXAMINABLE)
    value, lower, upper = LOG10_LR[overall]
    exhibits = [
        picture(folder, f"thumb-{n}.png", n, f"Person {n}", track=n)
        for n in range(1, len(people) + 1)
    ]
    if people:
        exhibits += [
            picture(folder, "map-1.png", 50, "Gradient along the outline", track=1,
                    shows_face=False, analyzer="blending_boundary", control="map-1-control.png",
                    caption="Average of 32 frames in aligned face space. An edge on the line is "
                    "not by itself a swap: hair and glasses make edges too."),
            picture(folder, "map-1-control.png", 51, "The same line moved up", track=1,
                    shows_face=False, analyzer="blending_boundary",
                    caption="Compare how the line and the edges meet."),
        ]  # fmt: skip
    observations = [seen for n in range(1, len(people) + 1) for seen in _signals(n)]
    weights = [_weight(n, one) for n, one in enumerate(conclusions, 1)] + [_weight(None, overall)]
    return CaseRecord(
        item=Item(name=name, sha256=DIGEST, sha256_after=DIGEST, size_bytes=4_123_456),
        tool=Tool(name="face-swap-audit", version="0.1.0", analyzers={
            "blending_boundary": "1", "container": "1", "content_credentials": "1",
            "face_bandwidth": "1", "landmark_jitter": "1", "learned_discriminator": "1"}),
        environment=Environment(
            python="3.11.9", machine="x86_64 Linux", device="cpu", landmarker="dlib",
            libraries={"av": "18.1.0", "numpy": "2.4.6", "opencv-python": "4.14.0.94"}),
        model_digests={"centerface.onnx": "09" * 32, "landmarks-68.dat": "ab" * 32},
        settings=Settings(frames=32, every_frame=False, device="auto", landmarks="auto", seed=0),
        media=_media(kind), shots=(Shot(start_s=0, end_s=5.1), Shot(start_s=5.1, end_s=20.02)),
        tracks=tuple(_track(n) for n in range(1, len(people) + 1)),
        observations=(*observations, *_facts(tag), *_abstentions()),
        exhibits=tuple(exhibits), weights=tuple(w for w in weights if w is not None),
        verdict=Verdict(
            proposition_h1="the face region of this track was replaced by another face",
            proposition_h2="the face region of this track was recorded and only transcoded",
            conclusion=overall, strength=STRENGTH[overall], log10_lr=value, lower=lower,
            upper=upper, score=1.9 if value is not None else None,
            sentence=f"On the one face that could be weighed: {SENTENCE[overall]}"
            if people else "Not examinable: No face was found in this video.",
            reasons=people[0].reasons if people else ("No face was found in this video.",),
            limitations=("Fully synthetic video and lip-sync are not what was tested.",
                         "Beauty filters and strong compression can look like a swap."),
            not_examined=("learned discriminator: its weights are not installed",
                          "landmark jitter: 9 frames; 12 are needed"), tracks=people),
        run=run(),
    )  # fmt: skip


def run(started: str = "2026-11-22T20:15:00Z", path: str = "/cases/7/interview.mp4") -> Run:
    """Make the part of a record that may differ."""
    return Run(
        started_utc=started, finished_utc="2026-11-22T20:15:31Z", path=path,
        modified_utc="2026-11-20T08:00:00Z", argv=("audit", path), operator=None,
        stage_s={"media": 1.42, "faces": 9.9}, peak_memory_mb=812.0,
    )  # fmt: skip


def make_viewed(
    folder: Path,
    conclusions: tuple[Conclusion, ...] = (Conclusion.SUPPORTS_FACE_SWAP,),
    **more: Any,
) -> CaseRecord:
    """Make a record whose people have frames to scrub, and pictures to lay over and compare."""
    record = make(folder, conclusions, **more)
    exhibits = [
        one.model_copy(update={"aligned": True, "shows_face": True})
        if one.analyzer == "blending_boundary"
        else one
        for one in record.exhibits
    ]
    for track in record.tracks:
        times = tuple(round(0.4 * track.id + 0.9 * k, 3) for k in range(6))
        exhibits += [
            strip(folder, f"frames-{track.id}.png", 6, track=track.id, aligned=True,
                  times_s=times, title=f"Examined frames of person {track.id}"),
            strip(folder, f"pair-{track.id}.png", 4, gap=6, track=track.id,
                  analyzer="source_match", title="Questioned and source frame, best 1",
                  panels=("questioned", "source", "difference", "outline")),
        ]  # fmt: skip
    return record.model_copy(update={"exhibits": tuple(exhibits)})


def strip(folder: Path, name: str, cells: int, *, gap: int = 0, **more: Any) -> Exhibit:
    """Write squares side by side, each another face."""
    squares = []
    for number in range(cells):
        picture(folder, "cell.png", 70 + number, "cell")
        squares.append(np.asarray(Image.open(folder / "cell.png"))[:192, :192])
        if gap and number < cells - 1:
            squares.append(np.full((192, gap, 3), 250, np.uint8))
    (folder / "cell.png").unlink()
    out = io.BytesIO()
    Image.fromarray(np.hstack(squares)).save(out, "PNG")
    (folder / name).write_bytes(out.getvalue())
    return Exhibit(
        file=name, sha256=hashlib.sha256(out.getvalue()).hexdigest(),
        analyzer=more.pop("analyzer", "faces"), caption="Evenly spaced.", **more,
    )  # fmt: skip


FIXED = {
    "schema", "sha256", "sha256_after", "kind", "reason", "conclusion", "file", "control",
    "thumbnail", "model_digests", "panels",
}  # fmt: skip


def poisoned(value: Any, text: str = HOSTILE, key: str = "") -> Any:
    """Replace every free text of a record, keys of free mappings too."""
    if key in FIXED:
        return value
    if isinstance(value, dict):
        free = key in ("libraries", "analyzers", "stage_s")
        return {text + k if free else k: poisoned(v, text, k) for k, v in value.items()}
    if isinstance(value, list):
        return [poisoned(one, text, key) for one in value]
    return text + "<para>" * 40 if isinstance(value, str) else value
