// The tiles of AMX in software, so that their code runs on processors without them: included before
// it with `-include`. Every tile is 16 rows of 64 bytes, as the kernels configure them; whatever
// they do before that is an error.
#pragma once

#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

namespace emulated {

struct Configuration {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
};

inline thread_local bool configured = false;
inline thread_local float tiles[8][16][16];

inline void check(bool is_right) {
  if (!is_right) __builtin_trap();
}

inline void configure(const void* from) {
  Configuration wanted;
  std::memcpy(&wanted, from, sizeof wanted);
  check(wanted.palette == 1);
  for (int i = 0; i < 8; ++i) check(wanted.row_bytes[i] == 64 && wanted.rows[i] == 16);
  std::memset(tiles, 0xff, sizeof tiles);  // no numbers, as if others had used them
  configured = true;
}

inline void release() { configured = false; }

inline void zero(int tile) {
  check(configured);
  std::memset(tiles[tile], 0, sizeof tiles[tile]);
}

inline void load(int tile, const void* from, int64_t stride) {
  check(configured);
  for (int row = 0; row < 16; ++row) {
    std::memcpy(tiles[tile][row], static_cast<const char*>(from) + row * stride, 64);
  }
}

inline void store(int tile, void* to, int64_t stride) {
  check(configured);
  for (int row = 0; row < 16; ++row) {
    std::memcpy(static_cast<char*>(to) + row * stride, tiles[tile][row], 64);
  }
}

inline float widened(const float (&row)[16], int number) {
  uint32_t pair;
  std::memcpy(&pair, &row[number / 2], sizeof pair);
  const uint32_t bits = number % 2 ? pair & 0xffff0000u : pair << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline void add_products(int sums, int left, int right) {
  check(configured);
  for (int row = 0; row < 16; ++row) {
    for (int column = 0; column < 16; ++column) {
      for (int i = 0; i < 32; ++i) {
        tiles[sums][row][column] += widened(tiles[left][row], i) *
                                    widened(tiles[right][i / 2], 2 * column + i % 2);
      }
    }
  }
}

}  // namespace emulated

#undef __AMX_BF16__
#undef _tile_loadd
#undef _tile_stored
#undef _tile_zero
#undef _tile_dpbf16ps
#define __AMX_BF16__ 1
#define _tile_loadconfig emulated::configure
#define _tile_release emulated::release
#define _tile_zero emulated::zero
#define _tile_loadd emulated::load
#define _tile_stored emulated::store
#define _tile_dpbf16ps emulated::add_products
