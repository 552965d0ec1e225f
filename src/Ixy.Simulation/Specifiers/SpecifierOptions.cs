using System.Globalization;
using System.Numerics;
using Ixy.Vfio;

namespace Ixy.Simulation.Specifiers;

/// <summary>
/// The options of a device specifier, <c>key=value</c> between commas: each is taken once, and none may be left over. A
/// value extends to the next comma, so it cannot contain one.
/// </summary>
internal sealed class SpecifierOptions
{
    private readonly Dictionary<string, string> _values = [];
    private readonly List<string> _allowed = [];

    /// <exception cref="DeviceSpecifierException">It is malformed, or has a key twice.</exception>
    internal SpecifierOptions(IEnumerable<string> options)
    {
        foreach (string option in options)
        {
            int equals = option.IndexOf('=');
            if (equals < 1 || equals == option.Length - 1)
                throw new DeviceSpecifierException(
                    $"'{option}' is not an option: expected key=value (values hold no comma)");
            if (!_values.TryAdd(option[..equals], option[(equals + 1)..]))
                throw new DeviceSpecifierException($"'{option[..equals]}' is given twice");
        }
    }

    /// <summary>The value of a key, or null; the key counts as known from now on.</summary>
    internal string? Take(string key)
    {
        _allowed.Add(key);
        return _values.Remove(key, out string? value) ? value : null;
    }

    /// <exception cref="DeviceSpecifierException">There are unknown options.</exception>
    internal void RejectRest(string owner)
    {
        if (_values.Count == 0) return;
        throw new DeviceSpecifierException(
            $"{owner} has no option '{_values.Keys.First()}': expected {string.Join(", ", _allowed.Order())}");
    }

    /// <summary>A whole number within limits.</summary>
    internal long TakeNumber(string key, long least, long greatest, long otherwise)
    {
        if (Take(key) is not { } text) return otherwise;
        if (TryParseNumber(text, out long value) && value >= least && value <= greatest) return value;
        throw Invalid(
            key, text, greatest == long.MaxValue ? $"a number from {least}" : $"a number from {least} to {greatest}");
    }

    /// <summary>A power of two up to a limit.</summary>
    internal int TakePowerOfTwo(string key, int greatest, int otherwise)
    {
        long value = TakeNumber(key, 1, greatest, otherwise);
        return BitOperations.IsPow2(value) ? (int)value
            : throw Invalid(key, $"{value}", $"a power of two up to {greatest}");
    }

    /// <summary>A packet rate.</summary>
    internal PacketRate TakeRate(string key, PacketRate otherwise)
    {
        if (Take(key) is not { } text) return otherwise;
        return PacketRate.TryParse(text, out var rate) ? rate : throw Invalid(key, text, PacketRate.Forms);
    }

    /// <summary>A MAC address.</summary>
    internal MacAddress TakeMac(string key, MacAddress otherwise)
    {
        if (Take(key) is not { } text) return otherwise;
        return MacAddress.TryParse(text, out var address) ? address
            : throw Invalid(key, text, "six bytes as in 02:00:5e:00:53:01");
    }

    /// <summary>A time in nanoseconds, up to a minute.</summary>
    internal long TakeTime(string key, long otherwise)
    {
        if (Take(key) is not { } text) return otherwise;
        return TryParseTime(text, out long time) ? time
            : throw Invalid(key, text, "a time up to 60s, as in 500us, 20ms or 1s");
    }

    internal static DeviceSpecifierException Invalid(string key, string text, string expected) =>
        new($"{key}={text} is not possible: expected {expected}");

    /// <summary>A whole number.</summary>
    internal static bool TryParseNumber(string text, out long value) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    /// <summary>A time in nanoseconds, up to a minute, as in <c>20ms</c>.</summary>
    internal static bool TryParseTime(string text, out long time)
    {
        const long minute = 60_000_000_000;
        time = 0;
        int digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        if (digits < 0) return text == "0"; // without a unit, only 0 is clear
        long scale = text[
            digits..] switch
        { "ns" => 1, "us" => 1_000, "ms" => 1_000_000, "s" => 1_000_000_000, _ => 0 };
        if (scale == 0 || !TryParseNumber(text[..digits], out time) || time > minute / scale) return false;
        time *= scale;
        return true;
    }
}
