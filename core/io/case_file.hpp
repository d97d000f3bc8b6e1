#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "core/io/config.hpp"

namespace dermaflux {

/// One way to set the model for a case.
struct CaseSetting {
  std::string name;
  TreatmentDocument treatment;
  std::vector<std::string> changed;  ///< keys that the setting fixes; they are not drawn
};

/// What full text or data a case waits for: what to look up, the columns to write, where to put them.
struct CaseWaiting {
  std::string look_up, columns, put;
};

/// The part of a validation case that predictions are made from. It holds nothing that was observed.
struct CaseFile {
  std::string id, title, stage, quantity, how;
  std::string unit;          ///< of the quantity, "1" for pure numbers
  std::string output, over;  ///< an output or a series of a run, and what it is divided by
  double day, over_day;      ///< of a series, since the first session; NaN where the quantity has none
  std::string key;           ///< of a slope
  double low, high;          ///< values of that key, in its unit
  double tip_mm;             ///< depth that the tip is brought to
  double share;              ///< of the draws (longevity of the fastest) or of the pigment (radius)
  std::string depth_below;   ///< of a profile: surface or junction
  bool input_only = false;   ///< the quantity is made of the input alone: it says nothing of the model
  std::vector<CaseSetting> settings;
  std::vector<TreatmentDocument> against;  ///< one, with which the quantity compares; none for most
  std::vector<CaseWaiting> waiting;        ///< one where the numbers are not at hand; none for most
  std::filesystem::path observed;          ///< where what was observed is expected; never opened here
  std::vector<std::filesystem::path> files;
};

/// Reads the prediction part of a case. Throws InputError: unknown key, quantity or output, a value out of range.
CaseFile load_case(const std::filesystem::path& file);

/// What was observed of a case, and how it is compared.
struct CaseObservation {
  std::string compared;  ///< interval, value, number, at_most, at_least, negative, positive, profile
  double low, high;      ///< of the interval or the bounds, in the unit of the case; NaN where there is none
  double value, sd;      ///< NaN where there is none
  std::string measured, error_is, source, doi, url, check;
  std::filesystem::path profile;  ///< CSV or HDF5 of `histology extract`; empty but for a profile
};

/// Reads what was observed of a case. Throws InputError: unknown key, another unit, bounds that are none, no source.
CaseObservation load_case_observation(const std::filesystem::path& file, const CaseFile& of);

/// How the cases of a folder are run.
struct CaseStudy {
  std::string grid, quick_grid;
  int draws, quick_draws, seed;
  std::vector<std::string> uncertain;
};

CaseStudy load_case_study(const std::filesystem::path& file);

/// Keys of a study that are drawn for a treatment: all but those that the setting fixes. Throws InputError for one without a range.
std::vector<std::string> drawn_keys(const CaseStudy& study, const TreatmentDocument& treatment,
                                    const std::vector<std::string>& changed);

}  // namespace dermaflux
