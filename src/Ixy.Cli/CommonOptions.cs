using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Ixy.Vfio;

namespace Ixy.Cli;

/// <summary>Options that several commands share, with their checks.</summary>
internal static class CommonOptions
{
    private const int MostPerBatch = 4096;
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(365);

    internal static Argument<string> Device(string name, string description)
    {
        var device = new Argument<string>(name) { Description = description };
        // Looks like an option, but is not one of this command's.
        device.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: ['-', ..] option }, ..]) result.AddError($"unknown: '{option}'");
        });
        return device;
    }

    internal static Argument<PciAddress> Address() => new("ADDR")
    {
        Description = OperateTexts.Address,
        CustomParser = result => Parse(result, ParseAddress),
    };

    internal static Argument<PciAddress?> OptionalAddress() => new("ADDR")
    {
        Description = OperateTexts.DoctorAddress,
        Arity = ArgumentArity.ZeroOrOne,
        CustomParser = result => Parse<PciAddress?>(result, text => ParseAddress(text)),
    };

    private static PciAddress ParseAddress(string text) => PciAddress.TryParse(text, out var address) ? address
        : throw new ArgumentException(
            $"'{text}' is not a PCI address: expected one like 0000:03:00.0, as '{IxyCommand.Name} list' shows them");

    /// <summary>One or more devices, followed by a file.</summary>
    internal static Argument<string[]> DevicesAndFile(string name, string description, int mostDevices)
    {
        var places = new Argument<string[]>(name) { Description = description, Arity = new(1, mostDevices + 1) };
        // As above; the file may be '-'.
        places.Validators.Add(result =>
        {
            if (result.Tokens.FirstOrDefault(token => token.Value is ['-', _, ..]) is { } option)
                result.AddError($"unknown: '{option.Value}'");
            else if (result.Tokens.Count == 1)
                result.AddError($"a card and a file are expected, and there is only '{result.Tokens[0].Value}'");
        });
        return places;
    }

    internal static Option<Replay.ReplaySpeed> Speed() =>
        Parsed("--speed", "speed", Texts.Speed, Replay.ReplaySpeed.Original, Replay.ReplaySpeed.Parse);

    internal static Option<int> Passes() => Number("--loop", "times", Texts.Passes, 1, 1_000_000, 1);

    internal static Option<TimeSpan?> MaxGap() =>
        WithoutDefault<TimeSpan?>("--max-gap", "time", Texts.MaxGap, text => ParseDuration(text));

    internal static Option<bool> Pad() => new("--pad") { Description = Texts.Pad };

    internal static Option<int> Batch() => Number("--batch", "packets", Texts.Batch, 1, MostPerBatch, 32);

    internal static Option<int?> Metrics() => WithoutDefault<int?>("--metrics", "port", Texts.Metrics, text =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port <= ushort.MaxValue
            ? port
            : throw new ArgumentException(
                $"'{text}' is not a port: expected 0 to {ushort.MaxValue}, 0 for any that is free"));

    internal static Option<bool> Json() => new("--json") { Description = Texts.Json };

    internal static Option<bool> CheckedPools() => new("--checked") { Description = Texts.Checked };

    internal static Option<int> Queues() =>
        DeviceOption(
            "--queues", "pairs", Texts.Queues, 1, count => new() { ReceiveQueues = count, TransmitQueues = count });

    internal static Option<int> RingSize(int standard = 512) =>
        DeviceOption("--ring-size", "descriptors", Texts.RingSize, standard, size => new() { RingSize = size });

    internal static Option<int> MaxFrameSize() =>
        DeviceOption("--max-frame-size", "bytes", Texts.MaxFrameSize, 1518, size => new() { MaxFrameSize = size });

    internal static Option<int?> BufferSize() => WithoutDefault<int?>("--buffer-size", "bytes", Texts.BufferSize,
        text => Validated(text, size => new() { BufferSize = size }));

    internal static Option<int> Number(
        string name, string unit, string description, int least, int most, int standard) =>
        Parsed(name, unit, description, standard, text =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least
            && value <= most
                ? value
                : throw new ArgumentException($"'{text}' is out of range: expected {least} to {most} {unit}"));

    internal static Option<long?> Count() => WithoutDefault<long?>("--count", "packets", Texts.Count, text =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value > 0
            ? value
            : throw new ArgumentException($"'{text}' is not a number of packets: expected 1 or more"));

    internal static Option<PacketRate> Rate() => Parsed("--rate", "rate", Texts.Rate, PacketRate.Max, text =>
        PacketRate.TryParse(text, out var rate) ? rate
        : throw new ArgumentException($"'{text}' is not a rate: expected {PacketRate.Forms}"));

    internal static Option<TimeSpan?> Duration(string description = Texts.Duration) =>
        WithoutDefault<TimeSpan?>("--duration", "time", description, text => ParseDuration(text));

    /// <summary>Parses <c>500ms</c>, <c>5s</c>, <c>2m</c>, <c>1h</c> or a bare number of seconds.</summary>
    /// <exception cref="ArgumentException">It is none of these, zero, or more than a year.</exception>
    internal static TimeSpan ParseDuration(string text)
    {
        string number = text.TrimEnd("hms".ToCharArray()), unit = text[number.Length..];
        double seconds = unit switch { "ms" => 1e-3, "s" or "" => 1, "m" => 60, "h" => 3600, _ => 0 };
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value))
            seconds = 0;
        if (value * seconds is > 0 && value * seconds <= s_longest.TotalSeconds
            && TimeSpan.FromSeconds(value * seconds) is { Ticks: > 0 } duration) return duration;
        throw new ArgumentException(
            $"'{text}' is not a duration: expected a time above zero such as 500ms, 5s, 2m or 10 (seconds)");
    }

    // The device's own options check their ranges.
    private static Option<int> DeviceOption(
        string name, string unit, string description, int standard, Func<int, NetworkDeviceOptions> options) =>
        Parsed(name, unit, description, standard, text => Validated(text, options));

    private static int Validated(string text, Func<int, NetworkDeviceOptions> options)
    {
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value))
            throw new ArgumentException($"'{text}' is not a number");
        options(value).Validate();
        return value;
    }

    internal static Option<T> Parsed<T>(string name, string unit, string description, T standard, Func<string, T> parse)
    {
        var option = WithoutDefault(name, unit, description, parse);
        option.DefaultValueFactory = _ => standard;
        return option;
    }

    internal static Option<T> WithoutDefault<T>(string name, string unit, string description, Func<string, T> parse) =>
        new(name)
        {
            Description = description,
            HelpName = unit,
            CustomParser = result => Parse(result, parse),
        };

    private static T? Parse<T>(ArgumentResult result, Func<string, T> parse)
    {
        try
        {
            return parse(result.Tokens[0].Value);
        }
        catch (ArgumentException error)
        {
            string option = result.Parent is OptionResult { Option.Name: var name } ? name : result.Argument.Name;
            result.AddError($"{option}: {Program.Describe(error)}");
            return default;
        }
    }
}
