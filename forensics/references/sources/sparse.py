"""Decoding that leaves out frames which nobody wants and no other frame is made from."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import av

from forensics.intake.frames import RawFrame, picture_stream


def decode_sparsely(
    container: av.container.InputContainer, wanted: Callable[[float], bool]
) -> Iterator[RawFrame]:
    """Decode all wanted frames, and of the others only those that later frames refer to.

    Wanted frames are bit for bit those of a full decode: what is left out is not referred to.
    Packets without a time are always decoded; damaged ones are passed over.

    Args:
        container: Opened by `open_media`.
        wanted: Called with a presentation time, s.

    Yields:
        Frames in presentation order. Their `index` counts what was decoded, not what there is.
    """
    stream = picture_stream(container)
    context, base = stream.codec_context, stream.time_base
    failures, index = 0, 0
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.error.FFmpegError, ValueError):  # the file ends, or is broken, here
            return
        if packet is None:
            return
        when = float(packet.pts * base) if packet.pts is not None and base else None
        # Frame threads copy the setting with each packet, so it may change from one to the next.
        context.skip_frame = "DEFAULT" if when is None or wanted(when) else "NONREF"
        try:
            pictures = packet.decode()
        except (av.error.FFmpegError, ValueError):
            failures += 1
            continue
        for picture in pictures:
            if picture.pts is not None and base:
                yield RawFrame(index, float(picture.pts * base), picture, failures)
                index += 1
