// x W^T + b, and what follows each such product, done while its sums are at hand.
#pragma once

#include <algorithm>

#include "rows.h"

namespace encoder {

// Weights as right tiles: for each 32 outputs all their inputs, 32 at a time.
struct Linear {
  const BFloat16* tiles;
  const float* bias;
  int64_t inputs, outputs;

  const BFloat16* panel(int64_t output) const { return tiles + output * inputs; }
};

// Finishes the sums of one square, row by row, while the next one is multiplied.
template <class Finish>
class Finishing {
 public:
  Finishing(const Linear& linear, int64_t rows, const Finish& finish)
      : linear_(linear), rows_(rows), finish_(finish) {}

  float* next() { return squares_[turn_ ^= 1]; }

  // Call after a square was multiplied into `next()`.
  void begin(int64_t row, int64_t output) {
    sums_ = squares_[turn_];
    row_ = row;
    output_ = output;
    left_ = _mm512_loadu_ps(linear_.bias + output);
    right_ = _mm512_loadu_ps(linear_.bias + output + kLanes);
    end_ = std::min<int64_t>(kSquare, rows_ - row);
    done_ = 0;
  }

  void go_on(int64_t rows) {
    for (const int64_t end = std::min(end_, done_ + rows); done_ < end; ++done_) {
      const float* sums = sums_ + done_ * kSquare;
      finish_(row_ + done_, output_, _mm512_add_ps(_mm512_load_ps(sums), left_),
              _mm512_add_ps(_mm512_load_ps(sums + kLanes), right_));
    }
  }

 private:
  alignas(64) float squares_[2][kSquare * kSquare];
  const Linear& linear_;
  const int64_t rows_;
  const Finish& finish_;
  const float* sums_ = nullptr;
  __m512 left_, right_;
  int64_t turn_ = 0, row_ = 0, output_ = 0, end_ = 0, done_ = 0;
};

// Calls `finish(row, output, left, right)` for the 2 x 16 sums, bias included, of 32 outputs.
template <class Finish>
void multiply_rows(const Linear& linear, const TiledRows& x, int64_t rows, const Finish& finish) {
  const int64_t depths = linear.inputs / kDepth, step = (kSquare + depths - 1) / depths;
  Finishing<Finish> finishing(linear, rows, finish);
  for (int64_t output = 0; output < linear.outputs; output += kSquare) {
    for (int64_t row = 0; row < rows; row += kSquare) {
      multiply(x.line(row, 0), TiledRows::kSteps, std::min<int64_t>(kSquare, rows - row),
               linear.panel(output), depths, finishing.next(), kSquare,
               [&] { finishing.go_on(step); });
      finishing.begin(row, output);
    }
  }
  finishing.go_on(kSquare);
}

inline void multiply(const Linear& linear, const TiledRows& x, int64_t rows,
                     const ColumnsOfRows& y) {
  multiply_rows(linear, x, rows, [&](int64_t row, int64_t output, __m512 left, __m512 right) {
    store(y.line(row, output), left, right);
  });
}

inline void multiply_gelu(const Linear& linear, const TiledRows& x, int64_t rows,
                          const TiledRows& y) {
  multiply_rows(linear, x, rows, [&](int64_t row, int64_t output, __m512 left, __m512 right) {
    store(y.line(row, output), gelu(left), gelu(right));
  });
}

// y (rows to a multiple of 32, outputs) += x W^T, where x begins at its column `from`. The bias is
// the norm's to add.
inline void multiply_add(const Linear& linear, const TiledRows& x, int64_t from, int64_t rows,
                         float* y) {
  for (int64_t output = 0; output < linear.outputs; output += kSquare) {
    for (int64_t row = 0; row < rows; row += kSquare) {
      multiply_add(x.line(row, from), TiledRows::kSteps, std::min<int64_t>(kSquare, rows - row),
                   linear.panel(output), linear.inputs / kDepth,
                   y + row * linear.outputs + output, linear.outputs);
    }
  }
}

}  // namespace encoder
