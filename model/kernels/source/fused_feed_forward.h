// y = down(silu(gate(x)) * up(x)) for many rows. The wide middle is larger than a cache; writing
// it out as a whole took as long as the products: so 1,024 of its columns are made at a time, and
// multiplied on while they are near.
#pragma once

#ifdef __AMX_BF16__

#include <torch/csrc/stable/ops.h>

#include <algorithm>
#include <memory>

#include "elementwise.h"
#include "many_rows.h"
#include "squares.h"

namespace sourcebook {

class FusedFeedForward {
 public:
  FusedFeedForward(const QuantisedMatrix& gate, const QuantisedMatrix& up,
                   const QuantisedMatrix& down, const BFloat16* x, int64_t rows, BFloat16* y)
      : gate_(gate), up_(up), down_(down), x_(x, rows, gate.columns), rows_(rows), y_(y),
        middle_(std::make_unique_for_overwrite<BFloat16[]>(squares() * kSquare * kColumns)),
        sums_(std::make_unique_for_overwrite<float[]>(squares() * outputs() * kSums)) {}

  // Gate and up are unpacked over all their columns, which must leave room in the cache.
  static bool fits(const QuantisedMatrix& gate) { return gate.groups() <= kGroupsMax; }

  void run() const {
    for (int64_t first = 0; first < down_.groups(); first += kGroups) {
      const int64_t last = std::min(first + kGroups, down_.groups());
      on_tiles(last - first, [&](int64_t i) { make_middle(first + i, first); });
      on_tiles(outputs(), [&](int64_t panel) { add_outputs(panel, first, last); });
    }
    torch::stable::parallel_for(0, squares(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t square = begin; square < end; ++square) finish(square);
    });
  }

 private:
  static constexpr int64_t kGroups = 32;            // of the middle's columns, at a time
  static constexpr int64_t kColumns = kGroups * kGroup;
  static constexpr int64_t kGroupsMax = 64;
  static constexpr int64_t kPanel = 2 * kTile;      // numbers of a panel's group

  int64_t squares() const { return (rows_ + kSquare - 1) / kSquare; }
  int64_t outputs() const { return (down_.blocks() + 1) / 2; }  // panels of 32
  float* sums(int64_t panel, int64_t square) const {
    return sums_.get() + (panel * squares() + square) * kSums;
  }
  BFloat16* middle(int64_t square) const { return middle_.get() + square * kSquare * kColumns; }

  template <class Work>
  static void on_tiles(int64_t count, const Work& work) {
    torch::stable::parallel_for(0, count, 4, [&](int64_t begin, int64_t end) {
      const SquareUnit unit;
      for (int64_t i = begin; i < end; ++i) work(i);
    });
  }

  // One group of the middle's columns: what 32 outputs of gate and up make, for all rows.
  void make_middle(int64_t group, int64_t first) const {
    alignas(64) static thread_local BFloat16 gates[kGroupsMax * kPanel], ups[kGroupsMax * kPanel];
    alignas(64) float gate[kSums], up[kSums];
    unpack_panel(gate_, group, 0, gate_.groups(), gates);
    unpack_panel(up_, group, 0, up_.groups(), ups);
    for (int64_t square = 0; square < squares(); ++square) {
      const LeftRows x = x_.from(square * kSquare);
      multiply_square(x, gates, gate_.groups(), gate, kSquare, true);
      multiply_square(x, ups, up_.groups(), up, kSquare, true);
      BFloat16* to = middle(square) + (group - first) * kSums;
      for (int64_t i = 0; i < kSums; i += 2 * kLanes) {
        store_both(to + i, gated(gate + i, up + i), gated(gate + i + kLanes, up + i + kLanes));
      }
    }
  }

  static __m512 gated(const float* gate, const float* up) {
    return _mm512_mul_ps(silu(load(gate)), load(up));
  }

  // 32 outputs' share of the middle's groups [first, last), for all rows.
  void add_outputs(int64_t panel, int64_t first, int64_t last) const {
    alignas(64) static thread_local BFloat16 tiles[kGroups * kPanel];
    unpack_panel(down_, panel, first, last, tiles);
    for (int64_t square = 0; square < squares(); ++square) {
      const LeftRows x{middle(square), kGroup, kSums};
      multiply_square(x, tiles, last - first, sums(panel, square), kSquare, first == 0);
    }
  }

  void finish(int64_t square) const {
    const int64_t first = square * kSquare, count = std::min<int64_t>(kSquare, rows_ - first);
    for (int64_t row = 0; row < count; ++row) {
      for (int64_t output = 0; output < down_.rows; output += kLanes) {
        const float* from = sums(output / kSquare, square) + row * kSquare + output % kSquare;
        BFloat16* to = y_ + (first + row) * down_.rows + output;
        store(to, load(from), first_lanes(down_.rows - output));
      }
    }
  }

  QuantisedMatrix gate_, up_, down_;
  SquareRows x_;
  int64_t rows_;
  BFloat16* y_;
  std::unique_ptr<BFloat16[]> middle_;  // for each square of rows, groups of 32 x 32
  std::unique_ptr<float[]> sums_;       // for each panel of outputs, squares of 32 x 32
};

}  // namespace sourcebook

#endif  // __AMX_BF16__
