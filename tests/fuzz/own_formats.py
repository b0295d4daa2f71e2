"""Feed the readers of our own formats with bytes that nobody wrote (atheris, libFuzzer).

    python tests/fuzz/own_formats.py CORPUS -runs=20000 -seed=1     a short run, the same each time
    python tests/fuzz/own_formats.py CORPUS -max_total_time=3600    a long one (`make fuzz`)

The first byte chooses the reader. Each may raise what its docstring says, and nothing else.
"""

import io
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=["security", "ingest.detect", "ingest.archives", "ingest.sandbox", "qa.text"]
):
    from ingest.blocks import Block, ParsedDocument
    from ingest.detect import detect
    from ingest.errors import IngestError, ParserCrashed
    from ingest.parsers.visible import visible
    from ingest.sandbox.wire import decode, encode_document
    from qa.sentences import SentenceStream
    from qa.text import cited_numbers, plain
    from security.access_tokens import is_well_formed
    from security.aead import Key
    from security.audit.checkpoint import Signer, VerifierKey, open_note, read_notes
    from security.cipher import Cipher
    from security.errors import CheckpointInvalid, DecryptionFailed
    from security.places import Place
    from security.scim.errors import ScimRefused
    from security.scim.filters import parsed_filter, parsed_path
    from security.sealed_file import SealedFileReader, seal_file

CIPHER = Cipher("t", Key(bytes(range(32))))
PLACE = Place("documents", "row", "name")
SIGNER = Signer("sourcebook/fuzz", bytes(32))
SIGNED = SIGNER.sign(7, bytes(range(32)))
RESOURCE = {"userName": "ada", "active": True, "name": {"familyName": "Lovelace"}, "emails": None}


def field(data: bytes) -> None:
    with suppress(DecryptionFailed):
        CIPHER.open(PLACE, data)


def file(data: bytes) -> None:
    with suppress(DecryptionFailed):
        SealedFileReader(CIPHER, PLACE, io.BytesIO(data)).read()


def answer_of_a_parser(data: bytes) -> None:
    with suppress(ParserCrashed, IngestError):
        decode(data)


def token(data: bytes) -> None:
    is_well_formed(data.decode("utf-8", "replace"))


def upload(data: bytes) -> None:
    with suppress(IngestError):
        detect(io.BytesIO(data), "upload.bin")


def sentence(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    said = SentenceStream()
    for whole in [*said.feed(text), *said.finish()]:
        shown = plain(whole)
        cited_numbers(whole)
        assert "](" not in shown
        assert "://" not in shown
    assert visible(visible(text)) == visible(text)


def note(data: bytes) -> None:
    """Whatever surrounds it, nothing but what was signed opens under the key."""
    text = data.decode("utf-8", "replace")
    with suppress(CheckpointInvalid):
        VerifierKey.parse(text)
    with suppress(CheckpointInvalid):
        for one in [text, *read_notes(text)]:
            with suppress(CheckpointInvalid):
                assert open_note(one, SIGNER.verifier).text() == SIGNED.partition("\n\n")[0] + "\n"


def directory_filter(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    with suppress(ScimRefused):
        for condition in parsed_filter(text):
            condition.holds(RESOURCE)
    with suppress(ScimRefused):
        parsed_path(text)


READERS: tuple[Callable[[bytes], None], ...] = (
    field,
    file,
    answer_of_a_parser,
    token,
    upload,
    sentence,
    note,
    directory_filter,
)


def read(data: bytes) -> None:
    if data:
        READERS[data[0] % len(READERS)](data[1:])


def seeds() -> list[bytes]:
    """Return one sound input for each reader, from which others are bred."""
    document = ParsedDocument("T", (Block("text", "Some text."),), 1, "en")
    return [
        CIPHER.seal(PLACE, b"plain"),
        b"".join(seal_file(CIPHER, PLACE, io.BytesIO(b"plain" * 20))),
        encode_document(document),
        b"sbk_" + b"A" * 43 + b"000000",
        b"PK\x05\x06" + bytes(18),
        b"A [link](https://a.test) and ![x](y) <b>it</b> is so [1][2].",
        SIGNED.encode(),
        b'emails[type eq "work" and primary eq true].value',
    ]


def main() -> None:
    corpus = Path(sys.argv[1])
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number}").write_bytes(bytes([number]) + seed)
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
