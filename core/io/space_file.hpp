#pragma once
#include <vector>

#include "core/io/hdf5_file.hpp"
#include "core/simulation/space_fields.hpp"

namespace dermaflux {

/// Writes the fields of a run in a box: coordinates x and y beside the file's time and z, `box_pigment...` over (time, z, y, x),
/// and a VTKHDF collection of two blocks, the tissue with its time steps and the paths of the prongs. `days` are the moments.
void write_space(Hdf5File& file, const SpaceFields& fields, const std::vector<double>& days);

}  // namespace dermaflux
