#include "core/io/run_file.hpp"

#include <cmath>
#include <limits>
#include <numeric>

#include "core/io/hdf5_file.hpp"
#include "core/io/space_file.hpp"
#include "core/simulation/optical_scene.hpp"
#include "core/solver/trace_step.hpp"
#include "core/units.hpp"

namespace dermaflux {
namespace {

using namespace units;

/// A dataset with its unit and meaning.
void described(Hdf5File& file, const std::string& name, const std::vector<double>& values,
               const std::vector<std::string>& dimensions, const std::string& unit, const std::string& meaning,
               bool single = false) {
  file.dataset(name, values, dimensions, single);
  file.attribute(name, "units", unit.empty() ? "1" : unit);
  file.attribute(name, "long_name", meaning);
}

void coordinate(Hdf5File& file, const std::string& name, const std::vector<double>& values, const std::string& unit,
                const std::string& meaning) {
  file.scale(name, values);
  file.attribute(name, "units", unit);
  file.attribute(name, "long_name", meaning);
}

std::vector<double> centres(const std::vector<double>& faces) {
  std::vector<double> result;
  for (std::size_t n = 0; n + 1 < faces.size(); ++n) result.push_back(0.5 * (faces[n] + faces[n + 1]));
  return result;
}

/// Field of one block, ring-major as computed, turned to row-major (z, r) as files want it.
void append_turned(std::vector<double>& to, const double* from, int n_r, int n_z) {
  for (int j = 0; j < n_z; ++j)
    for (int i = 0; i < n_r; ++i) to.push_back(from[i * n_z + j]);
}

/// Fields on rings; in ParaView's group unless that shows a box, of which these are means.
void write_fields(Hdf5File& file, const RunFields& fields) {
  const bool flat = fields.space.empty();
  const std::string group = flat ? "VTKHDF/CellData/" : "";
  const std::size_t cells = static_cast<std::size_t>(fields.n_r) * static_cast<std::size_t>(fields.n_z);
  const std::size_t moments = static_cast<std::size_t>(fields.moments);
  std::vector<double> total(moments * cells, 0.0);
  const std::vector<std::string> dimensions =
      flat ? std::vector<std::string>{"time", "z", "y", "r"} : std::vector<std::string>{"time", "z", "r"};
  for (std::size_t pool = 0; pool < pool_columns().size(); ++pool) {
    std::vector<double> turned;
    for (std::size_t m = 0; m < moments; ++m)
      append_turned(turned, fields.pools.data() + (m * 5 + pool) * cells, fields.n_r, fields.n_z);
    for (std::size_t k = 0; k < total.size(); ++k) total[k] += turned[k];
    const SeriesColumn& column = pool_columns()[pool];
    described(file, group + column.name, turned, dimensions, column.unit, column.meaning, true);
    if (flat) file.link(group + column.name, column.name);
  }
  described(file, group + "pigment", total, dimensions, "kg m-3", "all pigment per tissue volume", true);
  if (flat) file.link(group + "pigment", "pigment");

  const char* const names[5] = {"insertion_suspended", "insertion_captured", "insertion_carrier", "insertion_fluid",
                                "insertion_pressure"};
  const char* const field_units[5] = {"kg m-3", "kg m-3", "1", "1", "Pa"};
  const char* const meanings[5] = {"suspended pigment of one track after relaxation", "pigment captured by the matrix of one track",
                                   "ink carrier per tissue volume", "pore fluid per tissue volume", "pore pressure"};
  for (std::size_t n = 0; n < 5; ++n) {
    std::vector<double> turned;
    append_turned(turned, fields.insertion.data() + n * cells, fields.n_r, fields.n_z);
    described(file, names[n], turned, {"z", "r"}, field_units[n], meanings[n], true);
  }
}

/// What makes the file a VTKHDF rectilinear grid with time steps: X = r, Z = depth, Y one cell thick.
void write_vtk(Hdf5File& file, const RunFields& fields, const std::vector<double>& days) {
  const auto integer = [](std::size_t n) { return static_cast<std::int64_t>(n); };
  file.attribute("VTKHDF", "Type", std::string("RectilinearGrid"));
  file.attribute("VTKHDF", "Version", std::vector<std::int64_t>{2, 8});
  file.attribute("VTKHDF", "Dimensions", std::vector<std::int64_t>{fields.n_r + 1, 2, fields.n_z + 1});
  file.plain("VTKHDF/XCoordinates", fields.r_face);
  file.plain("VTKHDF/YCoordinates", {0.0, 10.0 * um});
  file.plain("VTKHDF/ZCoordinates", fields.z_face);
  file.group("VTKHDF/Steps/CellDataOffsets");
  file.attribute("VTKHDF/Steps", "NSteps", std::vector<std::int64_t>{integer(days.size())});
  file.plain("VTKHDF/Steps/Values", days);
  std::vector<std::int64_t> offsets;
  for (std::size_t m = 0; m < days.size(); ++m) offsets.push_back(integer(m));
  file.integers("VTKHDF/Steps/CellDataOffsets/pigment", offsets);
  for (const SeriesColumn& column : pool_columns()) file.integers("VTKHDF/Steps/CellDataOffsets/" + column.name, offsets);
}

void write_profile(Hdf5File& file, const RunFields& fields) {
  const std::size_t n_r = static_cast<std::size_t>(fields.n_r), n_z = static_cast<std::size_t>(fields.n_z);
  std::vector<double> profile;
  for (std::size_t m = 0; m < static_cast<std::size_t>(fields.moments); ++m)
    for (std::size_t j = 0; j < n_z; ++j) {
      double sum = 0.0;
      for (std::size_t pool = 0; pool < 5; ++pool)
        for (std::size_t i = 0; i < n_r; ++i) {
          const double inner = fields.r_face[i], outer = fields.r_face[i + 1];
          sum += pi * (outer - inner) * (outer + inner) * fields.pools[((m * 5 + pool) * n_r + i) * n_z + j];
        }
      profile.push_back(sum / (ng / mm));
    }
  described(file, "profile_ng_per_mm", profile, {"time", "z"}, "ng mm-1", "pigment per depth, all radii");
  described(file, "epidermis_share", fields.epidermal, {"z"}, "", "share of epidermis in the row");
}

/// What the eye sees at each moment, per band and place of the view, and skin without a dot.
void write_view(Hdf5File& file, const MemberResult& member, const RunFields& fields) {
  const std::size_t rings = fields.view_r.size();
  std::vector<double> dot, skin;
  for (int m = 0; m < fields.moments; ++m) {
    const std::vector<double> view = view_of_run(member.treatment, member.outcome, {fields.r_face, fields.z_face}, fields.pools, m);
    for (auto row = view.begin(); row != view.end();) {
      dot.insert(dot.end(), row, row + static_cast<std::ptrdiff_t>(rings));
      row += static_cast<std::ptrdiff_t>(rings);
      skin.push_back(*row++);
    }
  }
  coordinate(file, "wavelength", wavelengths_nm(), "nm", "band of the look");
  coordinate(file, "view_r", fields.view_r, "m", "distance from the axis at which the dot is looked at");
  described(file, "reflectance", dot, {"time", "wavelength", "view_r"}, "", "diffuse reflectance seen along the normal");
  described(file, "reflectance_skin", skin, {"time", "wavelength"}, "", "diffuse reflectance of skin without a dot");
}

void write_trace(Hdf5File& file, const RunFields& fields) {
  const std::size_t columns = TraceStep::columns, rows = fields.trace.size() / columns;
  const auto column = [&](std::size_t n) {
    std::vector<double> values;
    for (std::size_t row = 0; row < rows; ++row) values.push_back(fields.trace[row * columns + n] / trace_columns()[n].scale);
    return values;
  };
  coordinate(file, "trace_time", column(0), "s", trace_columns()[0].meaning);
  for (std::size_t n = 1; n < columns; ++n)
    described(file, trace_columns()[n].name, column(n), {"trace_time"}, trace_columns()[n].unit, trace_columns()[n].meaning);
}

/// Adds to `all` a series of one value of each entry (moments, sessions), in the unit whose size is `scale`.
template <class Entry>
auto series_of(const Entry* entries, int count, std::vector<MomentSeries>& all) {
  return [=, &all](const char* name, const char* unit, const char* meaning, double scale, auto value) {
    MomentSeries series{{name, unit, meaning, scale}, {}};
    for (int n = 0; n < count; ++n) series.values.push_back(value(entries[n]) / scale);
    all.push_back(std::move(series));
  };
}

}  // namespace

const std::vector<SeriesColumn>& pool_columns() {
  static const std::vector<SeriesColumn> all = {
      {"pigment_free", "kg m-3", "free pigment per tissue volume", 1.0},
      {"pigment_matrix", "kg m-3", "pigment held by the matrix per tissue volume", 1.0},
      {"pigment_macrophage", "kg m-3", "pigment in macrophages per tissue volume", 1.0},
      {"pigment_slow", "kg m-3", "pigment in the slow (fibroblast) pool per tissue volume", 1.0},
      {"pigment_epidermal", "kg m-3", "pigment in the epidermis per tissue volume", 1.0},
  };
  return all;
}

const std::vector<SeriesColumn>& trace_columns() {
  static const std::vector<SeriesColumn> all = {
      {"trace_time", "s", "time since the first stroke began", 1.0},
      {"trace_tip_depth_mm", "mm", "tip below the surface, negative above", mm},
      {"trace_force_n", "N", "needle force, all prongs", 1.0},
      {"trace_cutting_n", "N", "share of it that cuts the skin", 1.0},
      {"trace_wedging_n", "N", "share of it that wedges the cut open", 1.0},
      {"trace_friction_n", "N", "share of it that rubs along the wall", 1.0},
      {"trace_needle_nl", "nL", "volume of one prong in the skin", nl},
      {"trace_liquid_nl", "nL", "liquid in the track of one prong", nl},
      {"trace_hole_nl", "nL", "open volume of the track, needle included", nl},
      {"trace_drawn_nl", "nL", "ink that entered the track so far", nl},
      {"trace_flowed_back_nl", "nL", "liquid that returned to the drop so far", nl},
      {"trace_rim_pressure_kpa", "kPa", "pressure of the liquid below the rim", kPa},
      {"trace_peak_pressure_kpa", "kPa", "largest pressure of the liquid in the track", kPa},
  };
  return all;
}

std::vector<double> wavelengths_nm() {
  std::vector<double> all;
  for (const double wavelength : band_wavelength) all.push_back(std::round(wavelength / nm));
  return all;
}

std::vector<MomentSeries> moment_series(const Outcome& outcome) {
  std::vector<MomentSeries> all;
  const auto add = series_of(outcome.moments, outcome.moment_count, all);
  const char* const pools[5] = {"free_ng", "matrix_ng", "macrophage_ng", "slow_ng", "epidermal_ng"};
  const char* const pool_meanings[5] = {"free pigment", "pigment held by the matrix", "pigment in macrophages",
                                        "pigment in the slow pool", "pigment in the epidermis"};
  for (int n = 0; n < 5; ++n) add(pools[n], "ng", pool_meanings[n], ng, [n](const MomentOutcome& m) { return m.pools[n]; });
  add("pigment_ng", "ng", "all pigment in the skin", ng,
      [](const MomentOutcome& m) { return std::accumulate(std::begin(m.pools), std::end(m.pools), 0.0); });
  const char* const losses[4] = {"shed_ng", "exuded_ng", "lymph_ng", "photolysed_ng"};
  const char* const loss_meanings[4] = {"pigment shed with the epidermis so far", "pigment exuded through the open track so far",
                                        "pigment drained to the lymph nodes so far", "pigment bleached by light so far"};
  for (int n = 0; n < 4; ++n) add(losses[n], "ng", loss_meanings[n], ng, [n](const MomentOutcome& m) { return m.losses[n]; });
  add("depth_mm", "mm", "mean depth of the pigment", mm, [](const MomentOutcome& m) { return m.depth_mean; });
  add("depth_p10_mm", "mm", "depth above which a tenth of the pigment lies", mm,
      [](const MomentOutcome& m) { return m.depth_p10; });
  add("depth_p90_mm", "mm", "depth above which nine tenths of the pigment lie", mm,
      [](const MomentOutcome& m) { return m.depth_p90; });
  add("radius_mm", "mm", "mean distance of the pigment from the axis", mm, [](const MomentOutcome& m) { return m.radius_mean; });
  add("contrast", "", "contrast of the dot against skin at 550 nm", 1.0, [](const MomentOutcome& m) { return m.contrast; });
  add("fwhm_mm", "mm", "visible width of the dot", mm, [](const MomentOutcome& m) { return m.fwhm; });
  add("erythema", "", "redness left over that right after treatment", 1.0, [](const MomentOutcome& m) { return m.erythema; });
  add("oedema", "", "swelling left over that right after treatment", 1.0, [](const MomentOutcome& m) { return m.oedema; });
  add("haematoma", "", "expected share of a bruise that is left", 1.0, [](const MomentOutcome& m) { return m.haematoma; });
  return all;
}

std::vector<MomentSeries> session_series(const Outcome& outcome) {
  std::vector<MomentSeries> all;
  const auto add = series_of(outcome.sessions, outcome.session_count, all);
  const auto contrast_after = [&](const SessionOutcome& session) {
    for (int m = 0; m < outcome.moment_count; ++m)
      if (outcome.moments[m].time >= session.time) return outcome.moments[m].contrast;
    return std::numeric_limits<double>::quiet_NaN();
  };
  add("session_day", "days", "time of the session", day, [](const SessionOutcome& s) { return s.time; });
  add("session_d_tip_mm", "mm", "deepest point of its tip", mm, [](const SessionOutcome& s) { return s.tip_depth; });
  add("session_strokes", "", "its complete strokes", 1.0, [](const SessionOutcome& s) { return s.strokes; });
  add("session_drawn_ng", "ng", "pigment that entered its track", ng, [](const SessionOutcome& s) { return s.drawn_pigment; });
  add("session_deposited_ng", "ng", "pigment that it left in the skin when the track had closed", ng,
      [](const SessionOutcome& s) { return s.deposited; });
  add("session_contrast_before", "", "contrast of the dot just before it", 1.0,
      [](const SessionOutcome& s) { return s.contrast_before; });
  add("session_contrast_after", "", "contrast of the dot right after it", 1.0, contrast_after);
  return all;
}

std::vector<std::pair<std::string, double>> ledger(const Outcome& o) {
  const MomentOutcome& end = o.moments[o.moment_count - 1];
  return {{"drawn_ng", o.drawn_pigment / ng},
          {"flowed_back_ng", o.back_pigment / ng},
          {"exuded_at_closing_ng", o.exuded_pigment / ng},
          {"free_ng", end.pools[0] / ng},
          {"matrix_ng", end.pools[1] / ng},
          {"macrophage_ng", end.pools[2] / ng},
          {"slow_ng", end.pools[3] / ng},
          {"epidermal_ng", end.pools[4] / ng},
          {"shed_ng", end.losses[HealingAccount::shed] / ng},
          {"exuded_ng", end.losses[HealingAccount::exuded] / ng},
          {"lymph_ng", end.losses[HealingAccount::lymph] / ng},
          {"photolysed_ng", end.losses[HealingAccount::photolysed] / ng}};
}

std::vector<ValidityWarning> run_warnings(const MemberResult& member, const RunFields& fields) {
  std::vector<ValidityWarning> warnings = validity_warnings(member.treatment, member.puncture);
  if (fields.trace_lost > 0)
    warnings.push_back({"trace_cut", "the trace lacks the last " + std::to_string(fields.trace_lost) +
                                         " time steps of the insertion (it has no room for so many); all else is complete; use a "
                                         "shorter dwell time to see the whole contact"});
  return warnings;
}

std::string warning_text(const MemberResult& member, const RunFields& fields) {
  std::string lines;
  for (const ValidityWarning& warning : run_warnings(member, fields))
    lines += (lines.empty() ? "" : "\n") + warning.name + ": " + warning.text;
  return lines.empty() ? "none" : lines;
}

void write_run(const std::filesystem::path& path, const MemberResult& member, const RunFields& fields, const std::string& title,
               const std::string& input, const std::map<std::string, std::string>& provenance) {
  Hdf5File file(path);
  file.attribute("/", "Conventions", std::string("CF-1.11"));
  file.attribute("/", "dermaflux_format", std::string("1.0"));
  file.attribute("/", "title", title);
  file.attribute("/", "warnings", warning_text(member, fields));
  std::vector<double> days;
  days.reserve(static_cast<std::size_t>(member.outcome.moment_count));
  for (int m = 0; m < member.outcome.moment_count; ++m) days.push_back(member.outcome.moments[m].time / day);
  coordinate(file, "time", days, "days", "time after the first session");
  coordinate(file, "z", centres(fields.z_face), "m", "depth below the undeformed surface, cell centres");
  if (fields.space.empty()) coordinate(file, "y", {5.0 * um}, "m", "thickness of the sheet shown in ParaView");
  coordinate(file, "r", centres(fields.r_face), "m", "distance from the axis, cell centres");
  if (fields.space.empty()) {
    file.group("VTKHDF/CellData");
    write_vtk(file, fields, days);
  } else {
    file.plain("r_face", fields.r_face);
    file.plain("z_face", fields.z_face);
    write_space(file, fields.space, days);
  }
  write_fields(file, fields);
  write_profile(file, fields);
  write_view(file, member, fields);
  write_trace(file, fields);
  for (const MomentSeries& series : moment_series(member.outcome))
    described(file, series.column.name, series.values, {"time"}, series.column.unit, series.column.meaning);
  std::vector<double> numbers;
  for (int s = 1; s <= member.outcome.session_count; ++s) numbers.push_back(s);
  coordinate(file, "session", numbers, "1", "number of the session");
  for (const MomentSeries& series : session_series(member.outcome))
    described(file, series.column.name, series.values, {"session"}, series.column.unit, series.column.meaning);
  for (const OutputField& field : output_fields())
    described(file, field.name, {field.value(member)}, {}, field.unit, field.meaning);
  file.group("ledger");
  for (const auto& [name, value] : ledger(member.outcome)) {
    file.dataset("ledger/" + name, {value}, {});
    file.attribute("ledger/" + name, "units", std::string("ng"));
  }
  file.group("config");
  file.text("config/resolved_json", input);
  file.group("provenance");
  for (const auto& [name, value] : provenance) file.attribute("provenance", name, value);
  file.commit();
}

}  // namespace dermaflux
