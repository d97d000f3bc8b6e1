#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/io/config.hpp"

namespace dermaflux {

/// What a study in space shows of its members, beside their scalar outputs: the table [study] of a sweep file.
struct SpaceStudy {
  std::string shows;     ///< one of study_kinds()
  double view_day;       ///< when the pigment is looked at [day]
  double view_width_mm;  ///< of the pictures, along x and y
  double view_depth_mm;  ///< of the pictures from the side
};

/// What a study can show, and the key that it varies.
struct StudyKind {
  std::string name, key;
};
const std::vector<StudyKind>& study_kinds();

/// Reads the values of a table [study]; `where` names it. Throws InputError: unknown key, or a value out of range.
SpaceStudy read_space_study(std::map<std::string, ConfigValue> values, const std::string& where);

}  // namespace dermaflux
