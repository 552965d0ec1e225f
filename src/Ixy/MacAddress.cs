namespace Ixy;

/// <summary>An Ethernet address: 48 bits, the first byte on the wire in bits 47 to 40.</summary>
/// <param name="Value">The 48 bits.</param>
public readonly partial record struct MacAddress(ulong Value)
{
    /// <summary>Group bit: multicast or broadcast.</summary>
    public bool IsMulticast => (Value >> 40 & 1) != 0;

    /// <summary>A valid address for a single port: neither multicast nor zero.</summary>
    public bool IsUnicast => Value != 0 && !IsMulticast;

    /// <summary>Writes the bytes in wire order; <paramref name="destination"/> needs 6.</summary>
    public void CopyTo(Span<byte> destination)
    {
        for (int i = 0; i < 6; i++) destination[i] = (byte)(Value >> (40 - 8 * i));
    }
}
