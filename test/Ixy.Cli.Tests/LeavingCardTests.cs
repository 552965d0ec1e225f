using System.Text.Json;
using Ixy.Ixgbe;
using Ixy.Simulation;

namespace Ixy.Cli.Tests;

/// <summary>A card leaves at a certain read of a register, and there is a report all the same; in real time.</summary>
public sealed class LeavingCardTests : IDisposable
{
    private const string Card = "leaving:ixgbe,wire=loopback";
    private readonly TextWriter _output = Console.Out, _error = Console.Error;

    // For the warm-up.
    public LeavingCardTests() => SimulatedCards.Register();

    [Theory]
    [InlineData("its link is awaited", null, "LINKS")]
    [InlineData("counters are read first", null, "GPTC")]
    [InlineData("traffic is awaited", "GPTC", "GPTC")]
    [InlineData("the loop drains", "GPTC", "TDH")]
    [InlineData("counters are read last", "TDH", "GPTC")]
    [InlineData("the report asks why nothing was sent", "TDH", "LINKS", true)]
    public void ThereIsAReportIfACardLeavesWhen(string what, string? before, string register, bool isMute = false)
    {
        NetworkDevice.RegisterTransport("leaving", specifier => Open(specifier, before, register, isMute));
        var (exitCode, output, error) = Run("pktgen", Card, "--rate", "1kpps", "--duration", "200ms", "--json");
        Assert.True(exitCode == 1, $"{what}: {error}");
        Assert.Contains("no longer answers", Assert.Single(error.Split('\n'), IsReason));
        var report = JsonDocument.Parse(output.TrimEnd('\n').Split('\n')[^1]).RootElement;
        Assert.Contains(
            "no longer answers", Assert.Single(report.GetProperty("notes").EnumerateArray()).GetString());
    }

    public void Dispose()
    {
        Console.SetOut(_output);
        Console.SetError(_error);
    }

    // Once its address was asked for, as it is when it is open, and then perhaps a register was read, it leaves with
    // the next read of another.
    private static InterposedDevice Open(string specifier, string? before, string register, bool isMute)
    {
        uint leaves = Offset(register), arms = before is null ? IxgbeFeatureRegisters.RAL[0] : Offset(before);
        bool isOpen = false, isArmed = false, isGone = false;
        return new(SimulatedCards.Open(SimulatedCards.Prefix + specifier["leaving:".Length..]))
        {
            IsMute = isMute,
            Answer = (offset, value) =>
            {
                isGone |= isArmed && offset == leaves;
                isOpen |= offset == IxgbeFeatureRegisters.RAL[0];
                isArmed |= isOpen && offset == arms;
                return isGone ? uint.MaxValue : value;
            },
        };
    }

    private static uint Offset(string register) => IxgbeRegisters.All.Single(one => one.Name == register)[0];

    private static bool IsReason(string line) =>
        line.StartsWith("ixy: ", StringComparison.Ordinal) && !line.StartsWith("ixy: note: ", StringComparison.Ordinal);

    // In this process, which has the card that leaves.
    private static (int ExitCode, string Output, string Error) Run(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        Console.SetOut(output);
        Console.SetError(error);
        int exitCode = Commands.Root().Parse(arguments).Invoke(new() { EnableDefaultExceptionHandler = false });
        return (exitCode, output.ToString(), error.ToString());
    }
}
