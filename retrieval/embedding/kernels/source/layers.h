// The layers of a BERT encoder, over the rows of some whole texts.
#pragma once

#include <vector>

#include "attention.h"
#include "linear.h"
#include "norm.h"

namespace encoder {

struct Shape {
  int64_t layers, heads, hidden, feed_forward;
  float epsilon;

  int64_t layer_weights() const { return 4 * hidden * hidden + 2 * hidden * feed_forward; }
  int64_t layer_floats() const { return 9 * hidden + feed_forward; }
};

// All layers' weights as right tiles, and what is not multiplied: the embedding's norm, then for
// each layer its biases and norms in the order in which they are used.
struct Weights {
  const BFloat16* tiles;
  const float* floats;
};

// One layer's share of the weights; takes them from the front of what is left.
struct Layer {
  Linear inputs, output, widen, narrow;
  Norm attended, fed;

  static Layer take(const Shape& shape, Weights& left) {
    const int64_t hidden = shape.hidden, feed_forward = shape.feed_forward;
    Layer layer;
    layer.inputs = linear(left, hidden, 3 * hidden);
    layer.output = linear(left, hidden, hidden);
    layer.attended = norm(left, hidden);
    layer.widen = linear(left, hidden, feed_forward);
    layer.narrow = linear(left, feed_forward, hidden);
    layer.fed = norm(left, hidden);
    return layer;
  }

  static Linear linear(Weights& left, int64_t inputs, int64_t outputs) {
    const Linear taken{left.tiles, left.floats, inputs, outputs};
    left.tiles += inputs * outputs;
    left.floats += outputs;
    return taken;
  }

  static Norm norm(Weights& left, int64_t hidden) {
    const Norm taken{left.floats, left.floats + hidden};
    left.floats += 2 * hidden;
    return taken;
  }
};

// What a pass needs besides its weights; kept by each thread, so that calls reuse it.
class Workspace {
 public:
  // Returns room for the rows (rows, hidden) of a pass, to be filled before it.
  float* rows(const Shape& shape, int64_t rows) {
    states_.make_room(padded(rows) * shape.hidden);
    narrow_.make_room(TiledRows::size(rows, shape.hidden));
    wide_.make_room(std::max(ColumnsOfRows::size(rows, 3 * shape.hidden),
                             TiledRows::size(rows, shape.feed_forward)));
    return states_.data();
  }

  // The rows become the last layer's states.
  void run(const Shape& shape, Weights weights, const int64_t* lengths, int64_t texts,
           int64_t rows) {
    const std::vector<float> nothing(shape.hidden);
    normalise(Layer::norm(weights, shape.hidden), shape.epsilon, nothing.data(), rows,
              shape.hidden, states_.data(), TiledRows(narrow_, shape.hidden));
    for (int64_t number = 0; number < shape.layers; ++number) {
      run_layer(shape, Layer::take(shape, weights), lengths, texts, rows);
    }
  }

 private:
  // A square of the weights from `hidden` of their inputs; so many fit into the first-level cache.
  static Linear slice(const Linear& linear, int64_t from) {
    return {linear.tiles + from * linear.outputs, linear.bias, linear.outputs, linear.outputs};
  }

  void run_layer(const Shape& shape, const Layer& layer, const int64_t* lengths, int64_t texts,
                 int64_t rows) {
    const int64_t hidden = shape.hidden;
    float* x = states_.data();
    const TiledRows narrow(narrow_, hidden), wide(wide_, shape.feed_forward);
    const ColumnsOfRows qkv(wide_, rows);
    multiply(layer.inputs, narrow, rows, qkv);
    for (int64_t text = 0, first = 0; text < texts; first += lengths[text++]) {
      attention_.attend(qkv, first, lengths[text], shape.heads, hidden, narrow);
    }
    multiply_add(layer.output, narrow, 0, rows, x);
    normalise(layer.attended, shape.epsilon, layer.output.bias, rows, hidden, x, narrow);
    multiply_gelu(layer.widen, narrow, rows, wide);
    for (int64_t from = 0; from < shape.feed_forward; from += hidden) {
      multiply_add(slice(layer.narrow, from), wide, from, rows, x);
    }
    normalise(layer.fed, shape.epsilon, layer.narrow.bias, rows, hidden, x, narrow);
  }

  Attention attention_;
  Buffer<float> states_;
  Buffer<BFloat16> narrow_, wide_;  // the queries, keys and values are wide, too
};

}  // namespace encoder
