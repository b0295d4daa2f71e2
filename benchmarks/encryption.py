"""What a sealed field and a sealed file cost beside bare AES-256-GCM.

    python -m benchmarks.encryption [--field-bytes 600] [--file-mib 64] [--rounds 5]

The two take turns round by round; each figure is the median of the rounds. Bare means one
`AESGCM.encrypt` with a random nonce and the same associated data, in segments of 64 KiB for files.
"""

import argparse
import io
import os
import statistics
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from security.aead import Key
from security.cipher import Cipher
from security.places import Place
from security.sealed_file import SEGMENT_BYTES, SealedFileReader, seal_file

MESSAGES = 5_000
CIPHER = Cipher("default", Key(os.urandom(32)))
PLACE = Place("chunks", f"{'0' * 32}.17", "body")
BARE = AESGCM(os.urandom(32))
ASSOCIATED = CIPHER.associated_data(PLACE)


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def bare(text: bytes) -> bytes:
    nonce = os.urandom(12)
    return nonce + BARE.encrypt(nonce, text, ASSOCIATED)


def opened_bare(sealed: bytes) -> bytes:
    return BARE.decrypt(sealed[:12], sealed[12:], ASSOCIATED)


def fields(size: int) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    text = os.urandom(size)
    ours, theirs = CIPHER.seal(PLACE, text), bare(text)

    def repeated(work: Callable[[], object]) -> Callable[[], object]:
        return lambda: [work() for _ in range(MESSAGES)]

    return {
        "seal a field": (repeated(lambda: CIPHER.seal(PLACE, text)), repeated(lambda: bare(text))),
        "open a field": (
            repeated(lambda: CIPHER.open(PLACE, ours)),
            repeated(lambda: opened_bare(theirs)),
        ),
    }


def files(mib: int) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    text = os.urandom(mib << 20)
    pieces = [text[at : at + SEGMENT_BYTES] for at in range(0, len(text), SEGMENT_BYTES)]
    ours = b"".join(seal_file(CIPHER, PLACE, io.BytesIO(text)))
    theirs = [bare(piece) for piece in pieces]

    def read() -> None:
        reader = SealedFileReader(CIPHER, PLACE, io.BytesIO(ours))
        while reader.read(SEGMENT_BYTES):
            pass

    def seal() -> None:
        for _ in seal_file(CIPHER, PLACE, io.BytesIO(text)):
            pass

    def seal_bare() -> None:
        for piece in pieces:
            bare(piece)

    def read_bare() -> None:
        for sealed in theirs:
            opened_bare(sealed)

    return {"seal a file": (seal, seal_bare), "read a file": (read, read_bare)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--field-bytes", type=int, default=600)
    parser.add_argument("--file-mib", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"{'':14}{'ours s':>10}{'bare s':>10}{'speed ratio':>13}")
    for name, (ours, theirs) in (
        *fields(options.field_bytes).items(),
        *files(options.file_mib).items(),
    ):
        rounds = [(seconds(ours), seconds(theirs)) for _ in range(options.rounds)]
        own, other = (statistics.median(side) for side in zip(*rounds, strict=True))
        print(f"{name:14}{own:>10.3f}{other:>10.3f}{other / own:>13.2f}")


if __name__ == "__main__":
    main()
