#include "core/io/sweep_condition.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "core/io/key_values.hpp"
#include "core/io/study_keys.hpp"
#include "core/io/table_reader.hpp"
#include "core/number_text.hpp"

namespace dermaflux {
namespace {

/// What a condition must know of an axis.
struct AxisFacts {
  std::string key, unit;
  std::vector<double> numbers;  ///< empty for words and draws
  std::vector<std::string> words;
  bool sampled() const { return numbers.empty() && words.empty(); }
};

std::vector<AxisFacts> axes_of(const SweepFile& sweep) {
  std::vector<AxisFacts> axes;
  for (const StudyAxis& axis : sweep.axes) axes.push_back({axis.key, axis.unit, axis.numbers, axis.words});
  if (sweep.sample)
    for (const SampledAxis& axis : sweep.sample->axes) axes.push_back({axis.key, axis.unit, {}, {}});
  return axes;
}

AxisFacts find_axis(const std::string& key, const SweepFile& sweep, const std::string& where) {
  std::vector<std::string> names;
  for (AxisFacts& axis : axes_of(sweep)) {
    if (axis.key == key) return axis;
    names.push_back(std::move(axis.key));
  }
  if (!is_selector(key)) numeric_key(key, all_keys(sweep.base), where);
  const std::string near = nearest(key, names);
  throw InputError(where + ": " + key + " is no axis of this sweep (a condition compares axes); " +
                   (near.empty() ? "write " + list_of(names) : "did you mean " + near + "?"));
}

/// Checks a comparison of one axis; `name` is that of the relation in the file, e.g. when_is.
struct Check {
  const AxisFacts& axis;
  const Comparison& comparison;
  const SweepFile& sweep;
  const std::string& name;
  const ConfigValue& value;

  [[noreturn]] void refuse(const std::string& why) const { throw InputError(value.where + ": " + name + why); }
  bool exact() const { return comparison.relation == "is"; }
  void refuse_draws(const AxisFacts& one) const {
    if (exact() && one.sampled())
      refuse(" compares with " + one.key + ", which is drawn (a draw meets no number exactly); write at_least or at_most");
  }
  void operator()(double number) const {
    if (!axis.words.empty())
      refuse(" = " + number_text(number) + " is a number, but " + axis.key + " takes names; write is = [ ... ]");
    check_unit(value, name, axis.unit);
    if (!std::isfinite(number)) refuse(" of " + axis.key + " is not a finite number; write one");
    refuse_draws(axis);
    if (exact() && std::find(axis.numbers.begin(), axis.numbers.end(), number) == axis.numbers.end())
      refuse(" = " + with_unit(number, axis.unit) + " is none of the values of " + axis.key +
             " (it would never hold); write one of them");
  }
  void operator()(const std::string& other_key) const {
    if (std::find(axis.words.begin(), axis.words.end(), other_key) != axis.words.end())
      refuse(" = \"" + other_key + "\" would be the key of another axis; write is = [\"" + other_key + "\"]");
    if (other_key == axis.key) refuse(" compares " + axis.key + " with itself; name another axis");
    const AxisFacts other = find_axis(other_key, sweep, value.where + ": " + name);
    if (axis.words.empty() != other.words.empty())
      refuse(" compares " + axis.key + " with " + other.key + " (one takes names, the other numbers); name another axis");
    if (!axis.words.empty() && !exact()) refuse(" compares names, which have no order; write is");
    if (axis.unit != other.unit)
      refuse(" compares " + axis.key + " in " + (axis.unit.empty() ? "1" : axis.unit) + " with " + other.key + " in " +
             (other.unit.empty() ? "1" : other.unit) + " (units differ); name an axis in the same unit");
    refuse_draws(axis);
    refuse_draws(other);
  }
  void operator()(const std::vector<std::string>& names) const {
    if (axis.words.empty()) refuse(" is a list of names, but " + axis.key + " takes numbers; write one number");
    if (!exact()) refuse(" compares names, which have no order; write is = [ ... ]");
    for (const std::string& one : names) {
      if (std::find(axis.words.begin(), axis.words.end(), one) != axis.words.end()) continue;
      const std::string near = nearest(one, axis.words);
      refuse(" names \"" + one + "\", which is no value of " + axis.key + "; " +
             (near.empty() ? "write " + list_of(axis.words) : "did you mean \"" + near + "\"?"));
    }
  }
  void operator()(bool) const { refuse_kind(); }
  void operator()(const std::vector<double>&) const { refuse_kind(); }
  [[noreturn]] void refuse_kind() const {
    refuse(" of " + axis.key + " is of the wrong kind; give a number, the key of another axis, or is = [ names ]");
  }
};

/// A comparison as the file has it, not yet checked.
struct Given {
  Comparison comparison;
  std::string key_at;
  std::vector<std::pair<std::string, ConfigValue>> relations;  ///< one, if the file is right
};

Given take_comparison(TableReader& reader, const std::string& prefix) {
  Given given;
  given.key_at = reader.place(prefix + "key");
  given.comparison.key = reader.take<std::string>(prefix + "key", "the key of an axis");
  for (const char* relation : {"at_least", "at_most", "is"})
    if (auto value = reader.take_any(prefix + relation)) given.relations.emplace_back(relation, std::move(*value));
  return given;
}

Comparison checked(Given given, const std::string& prefix, const SweepFile& sweep) {
  Comparison comparison = std::move(given.comparison);
  const AxisFacts axis = find_axis(comparison.key, sweep, given.key_at);
  if (given.relations.size() != 1)
    throw InputError(given.key_at + ": the condition has " + (given.relations.empty() ? "nothing" : "more than one thing") +
                     " to compare " + comparison.key + " with; write one of " + prefix + "at_least, " + prefix + "at_most or " +
                     prefix + "is");
  auto& [relation, value] = given.relations.front();
  comparison.unit = axis.unit;
  comparison.relation = relation;
  const std::string name = prefix + relation;
  std::visit(Check{axis, comparison, sweep, name, value}, value.content);
  if (const auto* number = std::get_if<double>(&value.content)) comparison.value = *number;
  if (const auto* other = std::get_if<std::string>(&value.content)) comparison.value = *other;
  if (const auto* names = std::get_if<std::vector<std::string>>(&value.content)) comparison.value = *names;
  return comparison;
}

}  // namespace

Condition read_condition(std::map<std::string, ConfigValue> entry, const SweepFile& sweep) {
  const bool limited = std::any_of(entry.begin(), entry.end(), [](const auto& one) { return one.first.starts_with("when_"); });
  TableReader reader = entry_reader(std::move(entry));
  Condition condition;
  Given demand = take_comparison(reader, "");
  std::optional<Given> when;
  if (limited) when = take_comparison(reader, "when_");
  const std::string reason_at = reader.place("reason");
  condition.reason = reader.take<std::string>("reason", "text that says why such a combination is not run");
  reader.finish({"key", "at_least", "at_most", "is", "when_key", "when_at_least", "when_at_most", "when_is", "reason"});
  if (condition.reason.empty()) throw InputError(reason_at + ": reason is empty; say why such a combination is not run");
  condition.demand = checked(std::move(demand), "", sweep);
  if (when) condition.when = checked(std::move(*when), "when_", sweep);
  return condition;
}

}  // namespace dermaflux
