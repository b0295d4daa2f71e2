// Squares of 32 x 32 sums of products of bfloat16: by the processor's tiles (AMX), or where it has
// none by dot products of pairs (AVX512-BF16). Either way the right side lies as tiles: 16 rows of
// 64 bytes, each a pair of columns of 16 outputs.
#pragma once

#ifdef __AVX512BF16__  // which every processor with AMX has too

#include "vectors.h"

namespace sourcebook {

constexpr int kTileRows = 16;
constexpr int kTile = kTileRows * 32;           // bfloat16 values of a tile
constexpr int kSquare = 2 * kTileRows;          // rows and outputs of one square of 2 x 2 tiles
constexpr int kSums = kSquare * kSquare;

// The left side of a product: 32 rows, `row_stride` numbers apart, of groups of 32 columns,
// `group_step` numbers apart.
struct LeftRows {
  const BFloat16* first;
  int64_t row_stride, group_step;

  LeftRows from(int64_t group) const {
    return {first + group * group_step, row_stride, group_step};
  }
};

}  // namespace sourcebook

#ifdef __AMX_BF16__
#include "tiles.h"
#else
#include "dot_products.h"
#endif

#endif  // __AVX512BF16__
