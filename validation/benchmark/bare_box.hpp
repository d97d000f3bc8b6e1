#pragma once
#include <utility>

#include "core/simulation/workspace.hpp"
#include "core/solver/space_setup.hpp"

namespace dermaflux {

/// A box of tissue on memory of its own, one size class and no treatment; all values but those of the grid are zero. The part is
/// the whole. For benchmarks and tests.
struct BareBox {
  Workspace constants, state;
  SpaceInsertion in{};
  SpaceProblem& p = in.box;

  explicit BareBox(const CartesianFaces& faces) {
    p.tissue.params.classes = 1;
    const auto lay_out = [&](double* fixed_memory, double* changing_memory) {
      ViewArena fixed{fixed_memory}, changing{changing_memory};
      lay_out_space_constants(fixed, faces, in);
      lay_out_space_strips(changing, in);
      lay_out_space_state(changing, in);
      return std::pair{fixed.used, changing.used};
    };
    const auto [fixed, changing] = lay_out(nullptr, nullptr);
    lay_out(constants.zeroed(fixed), state.zeroed(changing));
    put_faces(p.grid, faces.x, faces.y, faces.z);
    for (int k = 0; k < p.grid.n_z; ++k) put(p.scratch.per_height, k, 1.0 / p.grid.dz(k));
    p.part = {0, p.grid.n_x, 0, p.grid.n_y, p.grid.n_z};
    keep_for_host(in);
    lay_out_pressure(SerialColumns{}, in);
  }
  BareBox(const BareBox&) = delete;
  BareBox& operator=(const BareBox&) = delete;
};

}  // namespace dermaflux
