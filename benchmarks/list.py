"""Say which benchmarks there are and how each is run."""

import ast
from pathlib import Path

from rich.console import Console


def main() -> None:
    console = Console()
    console.print("Run each as `python -m benchmarks.NAME`; `--help` tells its options.\n")
    for file in sorted(Path(__file__).parent.glob("*.py")):
        text = ast.get_docstring(ast.parse(file.read_text()))
        if text and "__main__" in file.read_text() and file.stem != "list":
            console.print(f"[bold]{file.stem}[/bold]  {text.splitlines()[0]}", highlight=False)
    console.print(
        "\nReal data is read from the folder that SOURCEBOOK_EVAL_DATA names, in the layout that "
        "`evaluation/datasets.py` describes.",
        highlight=False,
    )


if __name__ == "__main__":
    main()
