using Ixy.Hosting;

namespace Ixy.Vm.Tests.Rig;

/// <summary>Which datasheet rules drivers break from now on, at a guest's simulated cards.</summary>
internal sealed class RuleBook
{
    private readonly RuleViolations[] _violations;
    private readonly long[] _before;

    internal RuleBook(Guest guest, params int[] devices)
    {
        _violations = [.. devices.Select(device => guest.Card(device).Server.Violations)];
        _before = [.. _violations.Select(violations => violations.Count)];
    }

    /// <summary>Allows only known violations: neither the model nor these drivers will change.</summary>
    internal void AssertOnly(params string[] known)
    {
        for (int i = 0; i < _violations.Length; i++)
        {
            Assert.True(
                _violations[i].Count < RuleViolations.Limit, "the list is full: there may be more than can be seen");
            var broken = _violations[i].All.Skip((int)_before[i]).Where(violation => !known.Contains(violation.Rule))
                .ToList();
            Assert.True(broken.Count == 0, string.Join("\n", broken));
        }
    }
}
