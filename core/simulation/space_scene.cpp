#include "core/simulation/space_scene.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <string>
#include <utility>

#include "core/error.hpp"

namespace dermaflux {
namespace {

/// Cells of a medium in their order, and how many along x, y and z.
struct Block {
  std::vector<OpticalCell> cells;
  std::size_t n_x, n_y, n_z;

  const OpticalCell& at(std::size_t i, std::size_t j, std::size_t k) const { return cells[(i * n_y + j) * n_z + k]; }
};

/// Of `count` planes those that differ from the one before; `alike` compares a plane with that.
template <class Alike>
std::vector<std::size_t> kept_planes(std::size_t count, const Alike& alike) {
  std::vector<std::size_t> kept{0};
  for (std::size_t n = 1; n < count; ++n)
    if (!alike(n)) kept.push_back(n);
  return kept;
}

/// Whether `same` holds for all pairs of two indices.
template <class Same>
bool everywhere(std::size_t first, std::size_t second, const Same& same) {
  for (std::size_t a = 0; a < first; ++a)
    for (std::size_t b = 0; b < second; ++b)
      if (!same(a, b)) return false;
  return true;
}

/// The faces before the planes that are kept, but for the first plane.
std::vector<double> faces_before(const std::vector<double>& faces, const std::vector<std::size_t>& kept) {
  std::vector<double> result;
  for (std::size_t n = 1; n < kept.size(); ++n) result.push_back(faces[kept[n] - 1]);
  return result;
}

/// Leaves out planes that are like the one before. The outermost cells have no faces outside, so that `x` and `y` hold one less
/// than there are planes.
PhotonMedium joined(const Block& b, const std::vector<double>& x, const std::vector<double>& y, const std::vector<double>& z) {
  const auto keep_x = kept_planes(b.n_x, [&](std::size_t i) {
    return everywhere(b.n_y, b.n_z, [&](std::size_t j, std::size_t k) { return b.at(i, j, k) == b.at(i - 1, j, k); });
  });
  const auto keep_y = kept_planes(b.n_y, [&](std::size_t j) {
    return everywhere(b.n_x, b.n_z, [&](std::size_t i, std::size_t k) { return b.at(i, j, k) == b.at(i, j - 1, k); });
  });
  const auto keep_z = kept_planes(b.n_z, [&](std::size_t k) {
    return everywhere(b.n_x, b.n_y, [&](std::size_t i, std::size_t j) { return b.at(i, j, k) == b.at(i, j, k - 1); });
  });
  PhotonMedium medium;
  medium.boxes = true;
  medium.x_face = faces_before(x, keep_x);
  medium.y_face = faces_before(y, keep_y);
  for (const std::size_t k : keep_z) medium.z_face.push_back(z[k]);
  medium.z_face.push_back(z.back());
  for (const std::size_t i : keep_x)
    for (const std::size_t j : keep_y)
      for (const std::size_t k : keep_z) medium.cells.push_back(b.at(i, j, k));
  return medium;
}

}  // namespace

SpaceScene::SpaceScene(const Treatment& treatment, CartesianFaces faces, std::vector<double> pools, double time)
    : treatment_(treatment), faces_(std::move(faces)), pools_(std::move(pools)), time_(time) {
  for (const auto* one : {&faces_.x, &faces_.y, &faces_.z})
    if (one->size() < 2 || std::adjacent_find(one->begin(), one->end(), std::greater_equal<>()) != one->end())
      throw InputError("the faces of the box must increase and enclose a cell");
  const std::size_t expected = 5 * static_cast<std::size_t>(faces_.cell_count());
  if (pools_.size() != expected)
    throw InputError("the pools hold " + std::to_string(pools_.size()) + " values, not the " + std::to_string(expected) +
                     " of five pools in this box");
}

OpticalScene SpaceScene::slab(std::size_t i) const {
  const std::size_t cells = (faces_.y.size() - 1) * (faces_.z.size() - 1), all = pools_.size() / 5;
  std::vector<double> pools, rings(faces_.y.size());
  for (std::size_t pool = 0; pool < 5; ++pool) {
    const auto from = pools_.begin() + static_cast<std::ptrdiff_t>(pool * all + i * cells);
    pools.insert(pools.end(), from, from + static_cast<std::ptrdiff_t>(cells));
  }
  std::iota(rings.begin(), rings.end(), 0.0);
  return {treatment_, {rings, faces_.z}, std::move(pools), time_, time_};
}

PhotonMedium SpaceScene::medium(int band) const {
  const std::size_t n_x = faces_.x.size() - 1, n_y = faces_.y.size() - 1;
  Block block{{}, n_x + 2, n_y + 2, 0};
  std::vector<double> z_face;
  const auto add = [&](const std::vector<OpticalCell>& column) {
    block.cells.insert(block.cells.end(), column.begin(), column.end());
  };
  for (std::size_t i = 0; i < n_x; ++i) {
    const OpticalColumns columns = slab(i).columns(band, true);
    const auto plain_plane = [&] {
      for (std::size_t j = 0; j < block.n_y; ++j) add(columns.skin);
    };
    if (i == 0) {
      z_face = columns.z_face;
      block.n_z = z_face.size() - 1;
      block.cells.reserve(block.n_x * block.n_y * block.n_z);
      plain_plane();
    }
    add(columns.skin);
    for (const auto& column : columns.dot) add(column);
    add(columns.skin);
    if (i + 1 == n_x) plain_plane();
  }
  return joined(block, faces_.x, faces_.y, z_face);
}

}  // namespace dermaflux
