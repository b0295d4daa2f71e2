// Many bfloat16 activations times quantised weights, bound by arithmetic: the weights are unpacked
// to bfloat16, 32 outputs at a time into the second-level cache, and multiplied by AMX tiles.
#pragma once

#ifdef __AMX_BF16__

#include <algorithm>
#include <cstring>
#include <memory>

#include "quantised.h"
#include "squares.h"
#include "vectors.h"

namespace sourcebook {

constexpr int64_t kPanelColumns = 1024;  // of the weights; the activations' share fits L2

// One quad of columns of a block as two rows of a tile: each lane a pair of columns of one output.
inline void unpack_quad(__m512i quad, __m512 scale, __m512 zero, __m512i pairs, BFloat16* tile) {
  const __m512i byte = _mm512_set1_epi32(255);
  __m512 column[4];
  for (int i = 0; i < 4; ++i) {
    const __m512i value = _mm512_and_si512(_mm512_srli_epi32(quad, 8 * i), byte);
    column[i] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(value), scale, zero);
  }
  for (int i = 0; i < 2; ++i) {
    const __m512bh both = _mm512_cvtne2ps_pbh(column[2 * i + 1], column[2 * i]);
    const __m512i interleaved = _mm512_permutexvar_epi16(pairs, reinterpret_cast<__m512i>(both));
    _mm512_store_si512(tile + i * 32, interleaved);
  }
}

// A permutation that brings values i and 16 + i side by side.
inline __m512i side_by_side() {
  alignas(64) uint16_t order[32];
  for (uint16_t i = 0; i < 32; ++i) order[i] = i / 2 + i % 2 * 16;
  return _mm512_load_si512(order);
}

// Two blocks' groups [first, last) as tiles: group by group, the first block's tile, the second's.
template <class Weights>
void unpack_panel_of(const QuantisedMatrix& w, int64_t panel, int64_t first, int64_t last,
                  BFloat16* tiles) {
  const __m512 zero_point = _mm512_set1_ps(Weights::kZeroPoint);
  const __m512i pairs = side_by_side();
  for (int side = 0; side < 2; ++side) {
    const int64_t block = std::min(2 * panel + side, w.blocks() - 1);
    for (int64_t group = first; group < last; ++group) {
      const int64_t place = block * w.groups() + group;
      const uint16_t* scales = w.scales + place * Weights::kScales;
      const __m512 scale = Weights::scale(scales);
      const __m512 zero = _mm512_fnmadd_ps(scale, zero_point, Weights::offset(scales));
      BFloat16* tile = tiles + (2 * (group - first) + side) * kTile;
      __m512i quads[kQuads];
      Weights::unpack(w.packed + place * Weights::kGroupBytes, quads);
      for (int quad = 0; quad < kQuads; ++quad) {
        unpack_quad(quads[quad], scale, zero, pairs, tile + quad * 64);
      }
    }
  }
}

inline void unpack_panel(const QuantisedMatrix& w, int64_t panel, int64_t first, int64_t last,
                         BFloat16* tiles) {
  by_precision(w, [&]<class Weights>(Weights) {
    unpack_panel_of<Weights>(w, panel, first, last, tiles);
  });
}

// Rows of activations in squares of 32, with zeros where the last rows or columns are missing.
class SquareRows {
 public:
  SquareRows(const BFloat16* x, int64_t rows, int64_t columns)
      : x_(x), stride_((columns + kGroup - 1) / kGroup * kGroup), whole_(rows / kSquare * kSquare) {
    if (stride_ != columns) whole_ = 0;
    const int64_t copied = rows - whole_;
    padded_ = std::make_unique<BFloat16[]>((copied + kSquare - 1) / kSquare * kSquare * stride_);
    for (int64_t row = 0; row < copied; ++row) {
      std::memcpy(padded_.get() + row * stride_, x + (whole_ + row) * columns,
                  columns * sizeof(BFloat16));
    }
  }

  LeftRows from(int64_t row) const {
    const bool whole = row < whole_;
    return {whole ? x_ + row * stride_ : padded_.get() + (row - whole_) * stride_, stride_, kGroup};
  }

 private:
  const BFloat16* x_;
  int64_t stride_, whole_;
  std::unique_ptr<BFloat16[]> padded_;
};

class ManyRows {
 public:
  ManyRows(const QuantisedMatrix& w, const BFloat16* x, int64_t rows, const BFloat16* bias,
           BFloat16* y)
      : w_(w), x_(x, rows, w.columns), rows_(rows), bias_(bias), y_(y) {
    if (w.groups() > kPanelGroups) {
      const int64_t squares = (rows + kSquare - 1) / kSquare;
      sums_ = std::make_unique_for_overwrite<float[]>(squares * kSquare * panels() * kSquare);
    }
  }

  int64_t panels() const { return (w_.blocks() + 1) / 2; }

  // Panels [begin, end) over groups [first, first + kPanelGroups); call in the groups' order.
  void multiply(int64_t begin, int64_t end, int64_t first) const {
    const SquareUnit unit;
    const int64_t last = std::min(first + kPanelGroups, w_.groups());
    alignas(64) static thread_local BFloat16 tiles[2 * kPanelGroups * kTile];
    for (int64_t panel = begin; panel < end; ++panel) {
      unpack_panel(w_, panel, first, last, tiles);
      multiply_panel(panel, first, last, tiles);
    }
  }

  static constexpr int64_t kPanelGroups = kPanelColumns / kGroup;

 private:
  void multiply_panel(int64_t panel, int64_t first, int64_t last, const BFloat16* tiles) const {
    alignas(64) float square[kSquare * kSquare];
    const int64_t stride = sums_ ? panels() * kSquare : kSquare;
    for (int64_t row = 0; row < rows_; row += kSquare) {
      float* sums = sums_ ? sums_.get() + row * stride + panel * kSquare : square;
      multiply_square(x_.from(row).from(first), tiles, last - first, sums, stride, first == 0);
      if (last == w_.groups()) finish_square(row, panel * kSquare, sums, stride);
    }
  }

  void finish_square(int64_t row, int64_t output, const float* sums, int64_t stride) const {
    for (int64_t side = output; side < std::min(output + kSquare, w_.rows); side += kLanes) {
      const __mmask16 lanes = first_lanes(w_.rows - side);
      const __m512 constant = bias_ ? load(bias_ + side, lanes) : _mm512_setzero_ps();
      for (int64_t r = row; r < std::min(row + kSquare, rows_); ++r) {
        const __m512 sum = load(sums + (r - row) * stride + side - output);
        store(y_ + r * w_.rows + side, _mm512_add_ps(sum, constant), lanes);
      }
    }
  }

  QuantisedMatrix w_;
  SquareRows x_;
  int64_t rows_;
  const BFloat16* bias_;
  BFloat16* y_;
  std::unique_ptr<float[]> sums_;  // only where the columns do not fit into one panel
};

}  // namespace sourcebook

#endif  // __AMX_BF16__
