#include "core/io/geometry_input.hpp"

#include <cmath>

#include "core/error.hpp"
#include "core/number_text.hpp"
#include "core/units.hpp"

namespace dermaflux {

std::map<std::string, ConfigValue> plain_geometry() {
  std::map<std::string, ConfigValue> values;
  const auto add = [&](const char* name, ConfigValue::Content content, double low, double high, const char* source) {
    ConfigValue value{std::move(content), std::nullopt, source, "default"};
    if (high > low) value.range = {low, high};
    values.emplace(std::string("geometry.") + name, std::move(value));
  };
  add("kind", std::string("axisymmetric"), 0.0, 0.0, "definition: rings unless a box is asked for");
  add("azimuth_deg", 0.0, 0.0, 360.0, "definition: tips of a tilted needle point along x");
  add("margin_mm", 0.8, 0.5, 1.5, "definition: room for pressure and pigment; more costs cells");
  add("dots", 1.0, 1.0, 5.0, "definition: one dot");
  add("seed", 1.0, 0.0, 1e9, "definition: any whole number");
  add("follicle_x_mm", 0.0, -0.5, 0.5, "definition: the middle of the box");
  add("follicle_y_mm", 0.0, -0.5, 0.5, "definition: the middle of the box");
  add("follicle_um", 0.0, 0.0, 200.0, "definition: no follicle unless stated; estimate: terminal ones are 100 to 200 um wide");
  add("sheath_um", 30.0, 15.0, 60.0, "estimate: connective-tissue sheath of a terminal follicle");
  add("sheath_gain", 3.0, 1.0, 10.0, "estimate: loose sheath beside dense reticular dermis; no measurement was found");
  return values;
}

void check_geometry(const Treatment& t, const std::string& where) {
  const auto refuse = [&](const std::string& message) { throw InputError(where + ": " + message); };
  const Geometry& g = t.geometry;
  if (g.kind == GeometryKind::axisymmetric) {
    const auto only_in_box = [&](bool given, const std::string& what) {
      if (given)
        refuse("geometry." + what +
               ", but geometry.kind is \"axisymmetric\" (rings have no direction and one dot); write kind = \"box\" "
               "or leave it out");
    };
    only_in_box(g.dots > 1, "dots = " + std::to_string(g.dots) + " asks for several");
    only_in_box(g.follicle > 0.0, "follicle_um = " + number_text(g.follicle / units::um) + " asks for a follicle");
    only_in_box(g.azimuth != 0.0, "azimuth_deg = " + number_text(g.azimuth / units::degree) + " asks for a direction");
    return;
  }
  if (t.sessions.count() > 1)
    refuse(
        "sessions.days names " + std::to_string(t.sessions.count()) +
        " sessions, but geometry.kind is \"box\" (it treats each place once); leave sessions out or write kind = \"axisymmetric\"");
  if (g.follicle <= 0.0) return;
  const double rim = 0.5 * g.follicle + g.sheath;
  for (int n = 0; n < g.dots; ++n) {
    const double x = (n - 0.5 * (g.dots - 1)) * t.pattern.dot_spacing;
    if (std::hypot(x - g.follicle_x, g.follicle_y) < rim)
      refuse("geometry.follicle_x_mm, follicle_y_mm put the follicle with its sheath (radius " + in_mm(rim) +
             ") over a dot; a needle that runs into a hair is not modelled, move it away");
  }
}

}  // namespace dermaflux
