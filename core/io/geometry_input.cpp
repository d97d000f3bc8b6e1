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
  add("dots_x", 1.0, 1.0, 10.0, "definition: one dot");
  add("dots_y", 1.0, 1.0, 10.0, "definition: one row");
  add("lattice", std::string("square"), 0.0, 0.0, "definition: rows as they are meant to lie; a hand's jitter comes on top");
  add("seed", 1.0, 0.0, 1e9, "definition: any whole number");
  add("angle_jitter_deg", 2.0, 0.0, 5.0, "estimate: free hand, from dot to dot; no measurement was found");
  add("follicle_x_mm", 0.0, -0.5, 0.5, "definition: the middle of the box");
  add("follicle_y_mm", 0.0, -0.5, 0.5, "definition: the middle of the box");
  add("follicle_um", 0.0, 0.0, 200.0, "definition: no follicle unless stated; estimate: terminal ones are 100 to 200 um wide");
  add("sheath_um", 30.0, 15.0, 60.0, "estimate: connective-tissue sheath of a terminal follicle");
  add("follicle_tilt_deg", 0.0, 0.0, 50.0, "definition: upright unless stated; scalp hair leaves the skin at a slant");
  add("follicle_azimuth_deg", 0.0, 0.0, 360.0, "definition: leading along x");
  add("rete_wavelength_um", 0.0, 0.0, 300.0,
      "definition: a share of each row, as on rings; estimate: ridges stand 90 to 150 um apart");
  add("sheath_gain", 3.0, 1.0, 10.0, "estimate: loose sheath beside dense reticular dermis; no measurement was found");
  return values;
}

namespace {

/// Refuses lists of follicles that do not match, follicles that overlap, and those that lie where a dot is meant to.
template <class Refuse>
void check_follicles(const Treatment& t, const Refuse& refuse) {
  const Geometry& g = t.geometry;
  const int count = g.follicles();
  if (count == 0) return;
  for (const auto& [list, name] :
       {std::pair{&g.follicle_y, "follicle_y_mm"}, std::pair{&g.follicle, "follicle_um"}, std::pair{&g.sheath, "sheath_um"}})
    if (list->count != 1 && list->count != count)
      refuse(std::string("geometry.") + name + " has " + std::to_string(list->count) + " values for " + std::to_string(count) +
             " follicles; give one for all or one each");
  const auto named = [](int n) { return "follicle " + std::to_string(n + 1); };
  for (int n = 0; n < count; ++n) {
    const Follicle one = g.follicle_at(n);
    for (int m = 0; m < n; ++m) {
      const Follicle other = g.follicle_at(m);
      const double apart = other.distance(one.x, one.y, 0.0), least = one.rim + other.rim;
      if (apart < least)
        refuse("geometry.follicle_x_mm, follicle_y_mm: " + named(m) + " and " + named(n) + " overlap (their axes are " +
               in_mm(apart) + " apart, their radii with the sheaths are " + in_mm(least) + " together); move them apart");
    }
    for (int d = 0; d < g.dots(); ++d) {
      const Geometry::Place at = g.dot(d, t.pattern.dot_spacing);
      if (one.distance(at.x, at.y, 0.0) < one.rim)
        refuse("geometry.follicle_x_mm, follicle_y_mm put " + named(n) + " with its sheath (radius " + in_mm(one.rim) +
               ") over a dot; a needle that runs into a hair is not modelled, move it away");
    }
  }
}

}  // namespace

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
    only_in_box(g.dots_x > 1, "dots_x = " + std::to_string(g.dots_x) + " asks for several dots");
    only_in_box(g.dots_y > 1, "dots_y = " + std::to_string(g.dots_y) + " asks for several rows");
    only_in_box(g.follicles() > 0, "follicle_um asks for " + std::to_string(g.follicles()) + " follicles");
    only_in_box(g.rete_wavelength > 0.0,
                "rete_wavelength_um = " + number_text(g.rete_wavelength / units::um) + " asks for a surface");
    only_in_box(g.azimuth != 0.0, "azimuth_deg = " + number_text(g.azimuth / units::degree) + " asks for a direction");
    return;
  }
  if (t.sessions.count() > 1)
    refuse(
        "sessions.days names " + std::to_string(t.sessions.count()) +
        " sessions, but geometry.kind is \"box\" (it treats each place once); leave sessions out or write kind = \"axisymmetric\"");
  if (g.rete_wavelength > 0.0 && g.rete_wavelength < 40.0 * units::um)
    refuse("geometry.rete_wavelength_um = " + number_text(g.rete_wavelength / units::um) +
           " is less than any cell of the grid resolves (ridges stand 90 to 150 um apart); use 40 or more, or 0 for a share of "
           "each row");
  check_follicles(t, refuse);
}

}  // namespace dermaflux
