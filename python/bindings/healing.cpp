#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <array>
#include <cmath>
#include <map>

#include "core/error.hpp"
#include "core/io/keys.hpp"
#include "core/simulation/cell_healing.hpp"
#include "python/bindings/bindings.hpp"

namespace py = pybind11;

namespace dermaflux {
namespace {

using namespace units;

/// One number of CellHealing by its name for Python: its unit in SI, and its place.
struct CellNumber {
  const char* name;
  double scale, usual;
  double& (*place)(CellHealing&);
};

#define DF_PLACE(member) [](CellHealing& cell) -> double& { return cell.member; }
constexpr CellNumber cell_numbers[] = {
    {"uptake_per_day", 1.0 / day, 0.0, DF_PLACE(rates().uptake.rate)},
    {"macrophage_density_per_mm3", 1e9, 1e4, DF_PLACE(residents)},
    {"macrophage_capacity_ng", ng, 1.1, DF_PLACE(rates().uptake.capacity)},
    {"recruitment_factor", 1.0, 1.0, DF_PLACE(courses().recruitment.peak)},
    {"recruitment_rise_day", day, 2.0, DF_PLACE(courses().recruitment.rise)},
    {"recruitment_decay_day", day, 7.0, DF_PLACE(courses().recruitment.decay)},
    {"wound", 1.0, 1.0, DF_PLACE(wound)},
    {"migration_per_day", 1.0 / day, 0.0, DF_PLACE(rates().migration.rate)},
    {"migration_load", 1.0, 0.1, DF_PLACE(rates().migration.load)},
    {"migration_window_day", day, 14.0, DF_PLACE(rates().migration.window)},
    {"open_track_loss_per_day", 1.0 / day, 0.0, DF_PLACE(courses().open_track.initial)},
    {"pore_closure_day", day, 0.917, DF_PLACE(courses().open_track.decay)},
    {"free_lymph_per_day", 1.0 / day, 0.0, DF_PLACE(rates().free_lymph)},
    {"lymph_factor", 1.0, 1.0, DF_PLACE(lymph_factor)},
    {"matrix_release_per_day", 1.0 / day, 0.0, DF_PLACE(rates().matrix_release)},
    {"cell_death_loss_per_day", 1.0 / day, 0.0, DF_PLACE(rates().cell_death_loss)},
    {"fibroblast_transfer_per_day", 1.0 / day, 0.0, DF_PLACE(rates().transfer)},
    {"slow_return_per_day", 1.0 / day, 0.0, DF_PLACE(rates().slow_return)},
    {"slow_loss_per_day", 1.0 / day, 0.0, DF_PLACE(rates().slow_loss)},
    {"photolysis_per_day", 1.0 / day, 0.0, DF_PLACE(photolysis)},
    {"depletion_day", day, 0.0, DF_PLACE(params.depletion.time)},
    {"depletion_share", 1.0, 1.0, DF_PLACE(params.depletion.share)},
    {"macrophage_return_day", day, 14.0, DF_PLACE(params.depletion.return_time)},
    {"released_lymph_factor", 1.0, 1.0, DF_PLACE(params.released_lymph_factor)},
};
#undef DF_PLACE

void set_number(CellHealing& cell, const std::string& name, double value) {
  std::vector<std::string> names;
  for (const CellNumber& one : cell_numbers) {
    names.push_back(one.name);
    if (name != one.name) continue;
    if (!(value >= 0.0 && std::isfinite(value)))
      throw InputError(name + " = " + std::to_string(value) + " is out of range; use a finite number from 0 on");
    one.place(cell) = value * one.scale;
    return;
  }
  const std::string near = nearest(name, names);
  throw InputError(name + " is no number of a healing cell" + (near.empty() ? "" : "; did you mean " + near + "?"));
}

py::array_t<double> heal(const std::array<double, 4>& pools, const std::vector<double>& days,
                         const std::map<std::string, double>& numbers, double tolerance, double largest_step_day) {
  CellHealing cell{};
  for (const CellNumber& one : cell_numbers) one.place(cell) = one.usual * one.scale;
  for (const auto& [name, value] : numbers) set_number(cell, name, value);
  HealingParams& c = cell.params;
  TissueRates& rates = cell.rates();
  const TissueCourses& courses = cell.courses();
  if (!(tolerance > 0.0) || !(largest_step_day > 0.0))
    throw InputError("tolerance and largest_step_day must be above 0, e.g. 1e-6 kg/m3 and 60 days");
  if (!(courses.recruitment.decay > courses.recruitment.rise && courses.recruitment.rise > 0.0))
    throw InputError("recruitment_decay_day must be larger than recruitment_rise_day, and that above 0");
  if (!(courses.open_track.decay > 0.0 && c.depletion.return_time > 0.0 && cell.residents > 0.0))
    throw InputError("pore_closure_day, macrophage_return_day and macrophage_density_per_mm3 must be above 0");
  rates.uptake.resident_density = cell.residents;
  rates.migration.capacity = rates.uptake.capacity;
  c.tolerance = tolerance;
  c.largest_step = largest_step_day * day;
  c.first_step = smaller(10.0 * minute, c.largest_step);
  cell.start = {pools[0], pools[1], pools[2], pools[3]};
  std::vector<double> times;
  for (const double one : days) times.push_back(one * day);
  const std::vector<CellMoment> found = heal_cell(cell, times);
  py::array_t<double> result({static_cast<py::ssize_t>(found.size()), py::ssize_t{7}});
  for (std::size_t n = 0; n < found.size(); ++n) {
    const CellMoment& at = found[n];
    const double row[7] = {at.pools.free, at.pools.matrix, at.pools.macrophage, at.pools.slow, at.lymph, at.exuded, at.photolysed};
    for (py::ssize_t k = 0; k < 7; ++k) result.mutable_at(static_cast<py::ssize_t>(n), k) = row[k];
  }
  return result;
}

}  // namespace

void bind_healing(py::module_& module) {
  module.def("heal_cell", &heal, py::arg("pools"), py::arg("days"), py::arg("numbers"), py::arg("tolerance"),
             py::arg("largest_step_day"));
}

}  // namespace dermaflux
