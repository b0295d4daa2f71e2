// The operators torch knows as torch.ops.sourcebook.*; model/kernels/ops.py checks their arguments.

#include <torch/csrc/stable/library.h>

#include "linear.h"

STABLE_TORCH_LIBRARY(sourcebook, library) {
  library.def("linear(Tensor x, Tensor packed, Tensor scales, Tensor? bias, int outputs) -> Tensor");
}

STABLE_TORCH_LIBRARY_IMPL(sourcebook, CPU, library) {
  library.impl("linear", TORCH_BOX(&sourcebook::linear));
}
