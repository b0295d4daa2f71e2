// The operators torch knows as torch.ops.sourcebook_encoder.*; their caller in Python sees to it
// that tensors are contiguous and of the types that each needs.

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <numeric>

#include "layers.h"
#include "pooling.h"

namespace encoder {

using torch::stable::Tensor;

// The rows of a pass; more fall out of the second-level cache, fewer read the weights more often.
constexpr int64_t kRowsAtOnce = 768;

template <class Number>
const Number* data(const Tensor& tensor) {
  return static_cast<const Number*>(tensor.const_data_ptr());
}

inline Shape shape_of(const Tensor& rows, const Tensor& lengths, const Tensor& tiles,
                      const Tensor& floats, int64_t layers, int64_t heads, int64_t feed_forward,
                      double epsilon) {
  const Shape shape{layers, heads, rows.size(1), feed_forward, static_cast<float>(epsilon)};
  const int64_t* tokens = data<int64_t>(lengths);
  STD_TORCH_CHECK(std::accumulate(tokens, tokens + lengths.numel(), int64_t{0}) == rows.size(0),
                  "the lengths are not those of the rows");
  STD_TORCH_CHECK(tiles.numel() == layers * shape.layer_weights() &&
                      floats.numel() == 2 * shape.hidden + layers * shape.layer_floats(),
                  "the weights do not fit the shape");
  return shape;
}

// Runs whole texts, as many at a time as fit; calls `finish(states, first text, texts)`.
template <class Finish>
void run(const Shape& shape, const Weights& weights, const float* x, const int64_t* lengths,
         int64_t texts, const Finish& finish) {
  static thread_local Workspace workspace;
  const TilesInUse tiles;
  for (int64_t first = 0, last = 0; first < texts; first = last) {
    int64_t rows = lengths[last++];
    while (last < texts && rows + lengths[last] <= kRowsAtOnce) rows += lengths[last++];
    float* states = workspace.rows(shape, rows);
    std::copy_n(x, rows * shape.hidden, states);
    x += rows * shape.hidden;
    workspace.run(shape, weights, lengths + first, last - first, rows);
    finish(states, first, last - first);
  }
}

// rows (R, hidden) float32: what the embeddings add up to; lengths int64: the texts' rows. Returns
// the last layer's states (R, hidden) float32.
inline Tensor token_states(Tensor rows, Tensor lengths, Tensor tiles, Tensor floats, int64_t layers,
                           int64_t heads, int64_t feed_forward, double epsilon) {
  const Shape shape =
      shape_of(rows, lengths, tiles, floats, layers, heads, feed_forward, epsilon);
  Tensor all = torch::stable::empty_like(rows);
  auto* to = static_cast<float*>(all.mutable_data_ptr());
  const int64_t* tokens = data<int64_t>(lengths);
  run(shape, {data<BFloat16>(tiles), data<float>(floats)}, data<float>(rows), tokens,
      lengths.numel(), [&](const float* states, int64_t first, int64_t texts) {
        const int64_t count = std::accumulate(tokens + first, tokens + first + texts, int64_t{0});
        to = std::copy_n(states, count * shape.hidden, to);
      });
  return all;
}

// As `token_states`, but returns a vector of length 1 for each text: (texts, hidden) float32.
inline Tensor embed(Tensor rows, Tensor lengths, Tensor tiles, Tensor floats, int64_t layers,
                    int64_t heads, int64_t feed_forward, double epsilon) {
  const Shape shape =
      shape_of(rows, lengths, tiles, floats, layers, heads, feed_forward, epsilon);
  Tensor vectors = torch::stable::new_empty(rows, {lengths.numel(), shape.hidden});
  auto* to = static_cast<float*>(vectors.mutable_data_ptr());
  const int64_t* tokens = data<int64_t>(lengths);
  run(shape, {data<BFloat16>(tiles), data<float>(floats)}, data<float>(rows), tokens,
      lengths.numel(), [&](const float* states, int64_t first, int64_t texts) {
        for (int64_t text = first; text < first + texts; ++text) {
          pool(states, tokens[text], shape.hidden, to + text * shape.hidden);
          states += tokens[text] * shape.hidden;
        }
      });
  return vectors;
}

// Whether the system lets this process use tiles; `any` is not looked at.
inline bool granted(Tensor any) { return tiles_granted(); }

}  // namespace encoder

STABLE_TORCH_LIBRARY(sourcebook_encoder, library) {
  library.def(
      "token_states(Tensor rows, Tensor lengths, Tensor tiles, Tensor floats, int layers, "
      "int heads, int feed_forward, float epsilon) -> Tensor");
  library.def(
      "embed(Tensor rows, Tensor lengths, Tensor tiles, Tensor floats, int layers, int heads, "
      "int feed_forward, float epsilon) -> Tensor");
  library.def("granted(Tensor any) -> bool");
}

STABLE_TORCH_LIBRARY_IMPL(sourcebook_encoder, CPU, library) {
  library.impl("token_states", TORCH_BOX(&encoder::token_states));
  library.impl("embed", TORCH_BOX(&encoder::embed));
  library.impl("granted", TORCH_BOX(&encoder::granted));
}
