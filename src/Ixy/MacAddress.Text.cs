using System.Globalization;

namespace Ixy;

// Conversion between an address and its text form.
public readonly partial record struct MacAddress
{
    /// <summary>Parses the form <c>02:00:5e:00:53:01</c>; false for any other.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out MacAddress address)
    {
        address = default;
        if (text.Length != 17) return false;
        ulong value = 0;
        for (int i = 0; i < 6; i++)
        {
            if (i > 0 && text[3 * i - 1] != ':') return false;
            if (!byte.TryParse(
                text.Slice(3 * i, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte part))
                return false;
            value = value << 8 | part;
        }
        address = new(value);
        return true;
    }

    /// <summary>The address in the form <c>02:00:5e:00:53:01</c>.</summary>
    public override string ToString()
    {
        ulong value = Value;
        return string.Join(':', Enumerable.Range(0, 6).Select(i => $"{(byte)(value >> (40 - 8 * i)):x2}"));
    }
}
