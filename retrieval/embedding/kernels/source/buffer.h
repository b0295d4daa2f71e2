// Memory that begins with a line of the cache: rows of tiles that lie across two take twice as
// long.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace encoder {

constexpr std::align_val_t kLine{64};

// Room for numbers, reused from call to call; growing loses what was there.
template <class Number>
class Buffer {
 public:
  void make_room(int64_t count) {
    if (count <= count_) return;
    numbers_.reset(static_cast<Number*>(::operator new(count * sizeof(Number), kLine)));
    count_ = count;
  }

  Number* data() const { return numbers_.get(); }

 private:
  struct Free {
    void operator()(Number* numbers) const { ::operator delete(numbers, kLine); }
  };

  std::unique_ptr<Number[], Free> numbers_;
  int64_t count_ = 0;
};

}  // namespace encoder
