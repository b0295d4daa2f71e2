"""What search costs from a thousand to a million chunks, over HTTP: time, memory, start, ingest.

    SOURCEBOOK_EVAL_DATA=<folder> python -m benchmarks.scale --folder FOLDER
        [--chunks 1000 10000 100000 1000000] [--queries 200] [--clients 1 4 8 16 32]
        [--json FILE] [--plot FILE]

Fills a data folder for each size (kept in FOLDER and used again), starts `sourcebook serve` on it
and searches as three readers who see 1, 10 and 100 % of the documents. A document is uploaded, to
see how fast it is read and found. Recall is that of the vectors against all inner products.
On a machine that does other work, put `chrt --rr 10` before the command: then server and clients
go before everything else.
"""

import argparse
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.scale_corpus import SHARES, read_sources
from benchmarks.scale_fill import Folder
from benchmarks.scale_load import Load
from benchmarks.scale_plot import plot
from benchmarks.scale_recall import recall_at_10
from benchmarks.scale_server import Measured, measure_server, measure_uploads
from retrieval.embedding.factory import create_embedder
from retrieval.embedding.settings import EmbeddingSettings


def main() -> None:
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    embedder = create_embedder(EmbeddingSettings())
    sources, questions = read_sources(
        Path(os.environ["SOURCEBOOK_EVAL_DATA"]), embedder, options.folder
    )
    results = _known(options.json)
    for chunks in options.chunks:
        folder = Folder(options.folder / str(chunks), embedder)
        folder.fill(chunks, sources)
        if options.only_uploads:
            rate = measure_uploads(folder, questions[: options.sentences])
            measured = replace(results[chunks], ingest_rate=rate)
        else:
            measured = measure_server(folder, questions, chunks, options)
        if options.recall and not options.only_uploads:
            vectors = embedder.embed_queries(questions[: options.recall])
            measured.recall = recall_at_10(sources, chunks, embedder, vectors)
        folder.close()
        results[chunks] = measured
        _show(measured)
        _keep(options.json, results)
    if options.plot:
        plot([results[chunks] for chunks in sorted(results)], options.plot)


def _known(file: Path | None) -> dict[int, Measured]:
    """Read what was measured before."""
    if file is None or not file.exists():
        return {}
    results: dict[int, Measured] = {}
    for one in json.loads(file.read_text()):
        for name in ("alone", "together"):
            one[name] = {key: Load(**load) for key, load in one[name].items()}
        results[one["chunks"]] = Measured(**one)
    return results


def _keep(file: Path | None, results: Mapping[int, Measured]) -> None:
    if file is not None:
        sizes = [asdict(results[chunks]) for chunks in sorted(results)]
        file.write_text(json.dumps(sizes, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where the data is kept")
    parser.add_argument("--chunks", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--queries", type=int, default=200, help="of one reader")
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 4, 8, 16, 32])
    parser.add_argument("--recall", type=int, default=100, help="queries that measure recall")
    parser.add_argument("--sentences", type=int, default=600, help="length of what is uploaded")
    parser.add_argument(
        "--only-uploads", action="store_true", help="leave the rest as the JSON file has it"
    )
    parser.add_argument("--json", type=Path, help="file to which the results are added")
    parser.add_argument("--plot", type=Path, help="file for the plot, .svg or .png")
    return parser.parse_args()


def _show(measured: Measured) -> None:
    print(
        f"\n{measured.chunks:,} chunks: start {measured.start_seconds:.1f} s, "
        f"memory {measured.memory_mb:,} MB, ingest {measured.ingest_rate:.1f} chunks/s"
    )
    for share in SHARES:
        load, recall = measured.alone[str(share)], measured.recall.get(str(share), float("nan"))
        print(
            f"  {share:>3} % visible: p50 {load.p50:.1f} ms, p95 {load.p95:.1f} ms, "
            f"recall@10 {recall:.4f}"
        )
    for clients, load in measured.together.items():
        print(f"  {clients:>3} clients: {load.rate:.0f} searches/s, p95 {load.p95:.0f} ms")


if __name__ == "__main__":
    main()
