namespace Ixy;

/// <summary>The options in an IPv6 hop-by-hop or destination options header (RFC 8200, 4.2).</summary>
internal static class IPv6Options
{
    private const byte OneByteOfPadding = 0, HomeAddress = 0xC9;

    /// <summary>
    /// Whether there is a home address option (RFC 6275, 6.3). It must be aligned at 8n + 6, so padding usually comes
    /// before it.
    /// </summary>
    /// <param name="header">The extension header and whatever follows, at least 8 bytes; the header may end beyond
    /// it.</param>
    internal static bool HaveHomeAddress(ReadOnlySpan<byte> header)
    {
        int end = Math.Min(header.Length, 8 + 8 * header[1]);
        for (int at = 2; at < end;)
        {
            byte type = header[at];
            if (type == HomeAddress) return true;
            // Every option except one-byte padding has a length.
            if (type == OneByteOfPadding) at++;
            else if (at + 1 < end) at += 2 + header[at + 1];
            else return false;
        }
        return false;
    }
}
