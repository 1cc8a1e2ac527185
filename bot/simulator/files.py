"""Files on Telegram's servers: taken in, measured, found again by id."""

import struct

from bot.simulator import model, params, refusals

UPLOAD_BYTES = 50 * 1024 * 1024  # what a bot may send
DOWNLOAD_BYTES = 20 * 1024 * 1024  # what getFile gives
PHOTO_BYTES = 10 * 1024 * 1024
PHOTO_SIDES = 10_000  # width plus height, pixels
PHOTO_RATIO = 20  # the longer side over the shorter
_FOLDERS = {"document": "documents", "photo": "photos", "voice": "voice"}
_PREFIX = {"document": "BQACAgUAAxk", "photo": "AgACAgUAAxk", "voice": "AwACAgUAAxk"}


def store(
    world: model.World,
    kind: str,
    content: bytes,
    *,
    name: str | None = None,
    mime: str = "application/octet-stream",
    duration_s: int = 0,
) -> model.File:
    """Keep the bytes and return the file that stands for them."""
    number = next(world.file_numbers)
    width, height = _measure(content) if kind == "photo" else (0, 0)
    suffix = {"photo": "jpg", "voice": "oga"}.get(kind) or (name or "file").rpartition(".")[2]
    made = model.File(
        id=f"{_PREFIX[kind]}{number:08d}",
        unique_id=f"AgAD{number:08d}",
        kind=kind,
        path=f"{_FOLDERS[kind]}/file_{number}.{suffix}",
        name=name,
        mime=mime,
        content=content,
        width=width or 1280,
        height=height or 960,
        duration_s=duration_s,
    )
    world.files[made.id] = made
    return made


def sent(world: model.World, given: params.Params, kind: str) -> model.File:
    """Return the file a request sends: uploaded now, or one Telegram has already.

    Raises:
        Refused: There is no file, it is empty, too big, or no picture.
    """
    upload = given.upload(kind)
    if upload is None:
        return _known(world, given.text(kind), kind)
    if not upload.content:
        raise refusals.bad("file must be non-empty")
    if len(upload.content) > UPLOAD_BYTES:
        raise refusals.Refused(413, "Request Entity Too Large")
    if kind == "photo":
        _check_photo(upload.content)
    name = upload.name if kind == "document" else None
    mime = "audio/ogg" if kind == "voice" else upload.mime
    return store(world, kind, upload.content, name=name, mime=mime, duration_s=given.number("duration"))


def _known(world: model.World, file_id: str, kind: str) -> model.File:
    if not file_id:
        raise refusals.bad(f"there is no {kind} in the request")
    found = world.files.get(file_id)
    if found is None:
        raise refusals.bad("wrong remote file identifier specified: Wrong string length")
    if found.kind != kind:
        names = {"document": "Document", "photo": "Photo", "voice": "VoiceNote"}
        raise refusals.bad(f"can't use file of type {names[found.kind]} as {names[kind]}")
    return found


def _check_photo(content: bytes) -> None:
    if len(content) > PHOTO_BYTES:
        raise refusals.bad("file is too big")
    width, height = _measure(content)
    if not width or not height:
        raise refusals.bad("IMAGE_PROCESS_FAILED")
    if width + height > PHOTO_SIDES or max(width, height) > PHOTO_RATIO * min(width, height):
        raise refusals.bad("PHOTO_INVALID_DIMENSIONS")


def _measure(content: bytes) -> tuple[int, int]:
    """Return width and height of a PNG or JPEG in pixels, or zeros for anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return int(width), int(height)
    if content.startswith(b"\xff\xd8"):
        return _measure_jpeg(content)
    return 0, 0


def _measure_jpeg(content: bytes) -> tuple[int, int]:
    """Walk the segments to the frame header, which holds the size."""
    at = 2
    while at + 9 < len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return int(width), int(height)
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return 0, 0
