using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Ixy.Cli;

/// <summary>
/// A run in virtual time: the seed determines everything random, the other values what the driver's work costs.
/// </summary>
/// <param name="Seed">The virtual world's seed.</param>
/// <param name="PacketTime">Nanoseconds a loop takes for each packet it moves.</param>
/// <param name="PollTime">Nanoseconds a round of a loop takes besides that, whether or not it finds a packet.</param>
/// <param name="WakeTime">Nanoseconds from an interrupt until a sleeping loop continues.</param>
internal sealed record VirtualTime(ulong Seed, long PacketTime, long PollTime, long WakeTime);

/// <summary>What work costs in virtual time. Its text is the form used on the command line and shown in help.</summary>
internal readonly record struct WorkTime(long Nanoseconds)
{
    public override string ToString() => $"{Nanoseconds}ns";
}

/// <summary>The options of a command that can run in virtual time.</summary>
internal sealed class VirtualTimeOptions
{
    private const long LongestTime = 1_000_000_000;

    private readonly Option<bool> _isVirtual = new("--virtual-time") { Description = Texts.VirtualTime };

    private readonly Option<ulong> _seed = CommonOptions.Parsed("--seed", "number", Texts.Seed, 0ul, text =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed)
            ? seed
            : throw new ArgumentException($"'{text}' is not a seed: expected 0 to {ulong.MaxValue}"));

    private readonly Option<WorkTime> _packet = Time("--packet-time", Texts.PacketTime, 30);
    private readonly Option<WorkTime> _poll = Time("--poll-time", Texts.PollTime, 50);
    private readonly Option<WorkTime> _wake = Time("--wake-time", Texts.WakeTime, 5_000);

    /// <summary>Adds them to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="metrics">An option that excludes them.</param>
    internal void AddTo(Command command, Option metrics)
    {
        Option[] details = [_seed, _packet, _poll, _wake];
        command.Options.Add(_isVirtual);
        foreach (var option in details) command.Options.Add(option);
        command.Validators.Add(result =>
        {
            if (IsGiven(result, _isVirtual))
            {
                if (IsGiven(result, metrics))
                    result.AddError("--metrics: they are asked for in real time, which --virtual-time does not have");
                return;
            }
            if (details.FirstOrDefault(option => IsGiven(result, option)) is { } useless)
                result.AddError($"{useless.Name}: expected with --virtual-time only");
        });
    }

    /// <summary>The requested settings; null for real time.</summary>
    internal VirtualTime? Read(ParseResult parsed) => parsed.GetValue(_isVirtual)
        ? new(parsed.GetValue(_seed), parsed.GetValue(_packet).Nanoseconds, parsed.GetValue(_poll).Nanoseconds,
            parsed.GetValue(_wake).Nanoseconds)
        : null;

    private static bool IsGiven(CommandResult result, Option option) => result.GetResult(option) is { Implicit: false };

    private static Option<WorkTime> Time(string name, string description, long standard) =>
        CommonOptions.Parsed(name, "time", description, new WorkTime(standard), ParseTime);

    // Parses 30ns, 1.5us, 2ms or 1s.
    private static WorkTime ParseTime(string text)
    {
        string number = text.TrimEnd("nums".ToCharArray()), unit = text[number.Length..];
        decimal scale = unit switch { "ns" => 1, "us" => 1_000, "ms" => 1_000_000, "s" => LongestTime, _ => 0 };
        if (decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value)
            && value * scale is >= 1 and <= LongestTime and var time && time == decimal.Truncate(time))
            return new((long)time);
        throw new ArgumentException($"'{text}' is not a time that work takes: expected 1ns to 1s, as in 30ns or 1.5us");
    }
}
