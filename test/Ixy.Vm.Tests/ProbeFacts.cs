namespace Ixy.Vm.Tests;

/// <summary>The output of the probe (test/Ixy.Vm.Probe): facts, one per line as name=value.</summary>
internal sealed class ProbeFacts
{
    private readonly ILookup<string, string> _facts;
    private readonly CommandResult _result;

    private ProbeFacts(CommandResult result)
    {
        _result = result;
        _facts = result.Output.Split('\n').Where(line => line.Contains('=')).ToLookup(
            line => line[..line.IndexOf('=')], line => line[(line.IndexOf('=') + 1)..]);
    }

    /// <summary>The value of a fact; repeated runs must give the same.</summary>
    internal string this[string name] => Assert.Single(_facts[name].Distinct());

    /// <summary>All values of a fact, in order.</summary>
    internal IReadOnlyList<string> All(string name) => [.. _facts[name]];

    /// <summary>The exception that ended the probe, as "type: message".</summary>
    internal string Error => this["error"];

    /// <summary>Runs the probe as the unprivileged user.</summary>
    internal static ProbeFacts Run(Guest guest, string arguments, int lockedMiB = 64) =>
        new(guest.Run(GuestSetup.AsUser($"probe {arguments}", lockedMiB)));

    internal static ProbeFacts RunAsRoot(Guest guest, string arguments) => new(guest.Run($"probe {arguments}"));

    /// <summary>Asserts facts, and that the probe ran to its end.</summary>
    internal void AssertAll(params (string Name, string Value)[] expected)
    {
        Assert.True(_result.ExitCode == 0, _result.ToString());
        Assert.True(expected.All(fact => _facts[fact.Name].Distinct().SequenceEqual([fact.Value])),
            $"expected {string.Join(", ", expected)}; {_result}");
    }

    /// <summary>
    /// Asserts that an exception of this type ended the probe, and that its message has all these parts.
    /// </summary>
    internal void AssertError(string type, params string[] parts)
    {
        Assert.True(_result.ExitCode == 1, _result.ToString());
        Assert.StartsWith($"{type}: ", Error);
        Assert.All(parts, part => Assert.Contains(part, Error));
    }
}
