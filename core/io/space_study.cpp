#include "core/io/space_study.hpp"

#include <algorithm>
#include <array>

#include "core/error.hpp"
#include "core/io/table_reader.hpp"
#include "core/number_text.hpp"

namespace dermaflux {
namespace {

/// Moments that a run looks at and a study keeps its numbers of [day].
constexpr std::array<double, 4> study_days = {0.0, 14.0, 365.25, 1826.25};

double within(TableReader& reader, const std::string& key, const char* unit, double low, double high) {
  const std::string at = reader.place(key);
  reader.expect_unit(key, unit);
  const double value = reader.take<double>(key, "a number");
  if (!(value >= low && value <= high))
    throw InputError(at + ": study." + key + " = " + with_unit(value, unit) + " is out of range; write " + number_text(low) +
                     " to " + with_unit(high, unit));
  return value;
}

}  // namespace

const std::vector<StudyKind>& study_kinds() {
  static const std::vector<StudyKind> kinds = {{"tilt", "machine.angle_deg"},         {"prongs", "needle.model"},
                                               {"merging", "pattern.dot_spacing_mm"}, {"follicle", "geometry.follicle_x_mm"},
                                               {"border", "scar.offset_mm"},          {"corrections", "machine.angle_deg"},
                                               {"lattice", "pattern.dot_spacing_mm"}};
  return kinds;
}

SpaceStudy read_space_study(std::map<std::string, ConfigValue> values, const std::string& where) {
  TableReader reader(std::move(values), where);
  std::vector<std::string> names;
  for (const StudyKind& kind : study_kinds()) names.push_back(kind.name);
  const std::string at = reader.place("shows"), day_at = reader.place("view_day");
  SpaceStudy study{};
  study.shows = reader.take<std::string>("shows", "what the study shows, e.g. \"tilt\"");
  if (std::find(names.begin(), names.end(), study.shows) == names.end()) {
    const std::string near = nearest(study.shows, names);
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
    throw InputError(at + ": study.shows = \"" + study.shows + "\" is unknown; " +
                     (near.empty() ? "write one of " + all : "did you mean " + near + "?"));
  }
  study.view_day = within(reader, "view_day", "day", 0.0, study_days.back());
  study.view_width_mm = within(reader, "view_width_mm", "mm", 0.1, 20.0);
  study.view_depth_mm = within(reader, "view_depth_mm", "mm", 0.1, 5.0);
  reader.finish({"shows", "view_day", "view_width_mm", "view_depth_mm"});
  if (std::find(study_days.begin(), study_days.end(), study.view_day) == study_days.end())
    throw InputError(day_at + ": study.view_day = " + number_text(study.view_day) +
                     " is no day of a study; write 0, 14, 365.25 or 1826.25");
  return study;
}

}  // namespace dermaflux
