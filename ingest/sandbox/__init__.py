"""Parse hostile files in a process that can do nothing else.

A warm process (`zygote`) with the libraries loaded forks one child for each document. What holds
in a child, and where it does not:

- Time and memory: RLIMIT_CPU, RLIMIT_AS, and SIGKILL of its process group at the wall-clock limit.
- Files: it can write none (RLIMIT_FSIZE 0). With Landlock (Linux >= 5.13) it can read only the
  interpreter, its libraries and this code, so neither the database nor the keys.
- Network: none, by an empty network namespace where unprivileged ones are allowed; else TCP is
  refused by Landlock (Linux >= 6.7); else only by a Python audit hook, which native code passes by.
- Secrets: it inherits no environment and no open file but the document and the answer's pipe.
- The document reaches it as a memfd: no plaintext is written to a disk.
- Its answer is JSON of bounded size, checked field by field; never pickle.

It does not filter system calls: a child taken over by native code could still fork.
"""

from ingest.sandbox.host import ParserSandbox

__all__ = ["ParserSandbox"]
