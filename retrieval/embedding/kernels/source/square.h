// What a product of one square, 32 x 32 sums, is made of, whatever computes it.
#pragma once

#include "vectors.h"

namespace encoder {

constexpr int kTileRows = 16;
constexpr int kDepth = 32;                  // columns of a left tile, rows of a right one
constexpr int kTile = kTileRows * kDepth;   // numbers of a tile
constexpr int kSquare = 2 * kTileRows;      // rows and columns that 2 x 2 tiles of sums have

// Where a product's left side lies: `rows` numbers from row to row, `depths` from 32 columns to the
// next 32.
struct Steps {
  int64_t rows, depths;
};

}  // namespace encoder
