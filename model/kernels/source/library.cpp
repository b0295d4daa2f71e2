// The operators torch knows as torch.ops.sourcebook.*; their callers in Python see to it that
// tensors are contiguous and of the types that each needs.

#include <torch/csrc/stable/library.h>

#include "attention.h"
#include "elementwise.h"
#include "experts.h"
#include "level_search.h"
#include "linear.h"
#include "scale_search.h"

STABLE_TORCH_LIBRARY(sourcebook, library) {
  library.def("linear(Tensor x, Tensor packed, Tensor scales, Tensor? bias, int outputs) -> Tensor");
  library.def(
      "experts(Tensor x, Tensor chosen, Tensor weights, Tensor gate_packed, Tensor gate_scales, "
      "Tensor up_packed, Tensor up_scales, Tensor down_packed, Tensor down_scales, int width) "
      "-> Tensor");
  library.def(
      "feed_forward(Tensor x, Tensor gate_packed, Tensor gate_scales, Tensor up_packed, "
      "Tensor up_scales, Tensor down_packed, Tensor down_scales, int width) -> Tensor");
  library.def("best_scales(Tensor groups, Tensor first, Tensor factors) -> Tensor");
  library.def("levels(Tensor groups, int steps_max, float share_lost_max) -> Tensor");
  library.def("rms_norm(Tensor x, Tensor weight, float epsilon) -> Tensor");
  library.def("silu_gated(Tensor gate, Tensor up) -> Tensor");
  library.def("attend(Tensor queries, Tensor keys, Tensor values, float scale) -> Tensor");
  library.def("has_squares() -> bool");
  library.def("rotate(Tensor x, Tensor cosines, Tensor sines) -> Tensor");
}

STABLE_TORCH_LIBRARY_IMPL(sourcebook, CPU, library) {
  library.impl("linear", TORCH_BOX(&sourcebook::linear));
  library.impl("experts", TORCH_BOX(&sourcebook::experts));
  library.impl("feed_forward", TORCH_BOX(&sourcebook::feed_forward));
  library.impl("best_scales", TORCH_BOX(&sourcebook::best_scales));
  library.impl("levels", TORCH_BOX(&sourcebook::levels));
  library.impl("rms_norm", TORCH_BOX(&sourcebook::rms_norm));
  library.impl("silu_gated", TORCH_BOX(&sourcebook::silu_gated));
  library.impl("attend", TORCH_BOX(&sourcebook::attend));
  library.impl("rotate", TORCH_BOX(&sourcebook::rotate));
}

STABLE_TORCH_LIBRARY_IMPL(sourcebook, CompositeExplicitAutograd, library) {
  library.impl("has_squares", TORCH_BOX(&sourcebook::has_squares));
}
