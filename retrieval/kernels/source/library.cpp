// The operators torch knows as torch.ops.sourcebook_retrieval.*; their callers in Python see to it
// that tensors are contiguous and of the types that each needs.

#include <torch/csrc/stable/library.h>

#include "sketches.h"
#include "words.h"

STABLE_TORCH_LIBRARY(sourcebook_retrieval, library) {
  library.def(
      "nearest(Tensor sketches, Tensor vectors, Tensor visible, Tensor query, Tensor aim, "
      "int count) -> (Tensor, Tensor)");
  library.def(
      "best_passages(Tensor segments, Tensor wholes, Tensor names, Tensor wanted, Tensor? visible, "
      "Tensor lengths, Tensor owners, Tensor document_tokens, Tensor name_tokens, int chunks, "
      "int tokens, int documents, float weight, int limit) -> (Tensor, Tensor, Tensor)");
}

STABLE_TORCH_LIBRARY_IMPL(sourcebook_retrieval, CPU, library) {
  library.impl("nearest", TORCH_BOX(&sourcebook_retrieval::nearest));
  library.impl("best_passages", TORCH_BOX(&sourcebook_retrieval::best_passages));
}
