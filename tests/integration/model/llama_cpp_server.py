"""Run llama.cpp's own server on a GGUF file until standard input ends; print its address.

`python llama_cpp_server.py FILE KEY CONTEXT_TOKENS REQUESTS`
"""

import sys

import xllamacpp

file, key, context_tokens, requests = sys.argv[1:]
parameters = xllamacpp.CommonParams()
parameters.model.path = file
parameters.model_alias = {"served"}
parameters.api_keys = [key]
parameters.n_parallel = int(requests)
parameters.n_ctx = int(context_tokens) * int(requests)
parameters.cpuparams.n_threads = 1
parameters.cpuparams_batch.n_threads = 1
parameters.ui = False
parameters.warmup = False
server = xllamacpp.Server(parameters)
sys.stdout.write(f"{server.listening_address}\n")
sys.stdout.flush()
sys.stdin.read()
