using System.Buffers.Binary;

namespace Ixy.Vfio.Kernel;

/// <summary>
/// The chain of capabilities after a VFIO info structure: each has a header of id (16 bits), version (16) and the
/// offset of the next (32), counted from the start of the structure. The same format comes from the kernel and from a
/// vfio-user server, which may be anyone's, so no offset or count is trusted.
/// </summary>
internal static class VfioCapabilities
{
    private const int HeaderLength = 8, PairLength = 16;

    /// <summary>Finds a capability.</summary>
    /// <param name="info">The whole structure, with the length it claims.</param>
    /// <param name="first">Its cap_offset; 0 if there is no chain.</param>
    /// <param name="id">The capability's id.</param>
    /// <returns>The capability from its header to the end of the structure; empty if there is none.</returns>
    /// <exception cref="PciDeviceException">The chain leaves the structure or does not end.</exception>
    internal static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> info, uint first, ushort id)
    {
        // A chain that loops would have more entries than fit into the structure.
        int left = info.Length / HeaderLength;
        for (uint offset = first; offset != 0;
            offset = BinaryPrimitives.ReadUInt32LittleEndian(info[((int)offset + 4)..]))
        {
            if (offset > info.Length - HeaderLength || left-- == 0)
                throw new PciDeviceException(
                    $"VFIO: the chain of capabilities goes to offset 0x{offset:x} of {info.Length} bytes, or has no end");
            if (BinaryPrimitives.ReadUInt16LittleEndian(info[(int)offset..]) == id) return info[(int)offset..];
        }
        return [];
    }

    /// <summary>
    /// The array in both the sparse mmap and the IOVA range capability: a count (32 bits), 32 reserved bits, and that
    /// many pairs of 64-bit values.
    /// </summary>
    /// <exception cref="PciDeviceException">The structure ends before the array does.</exception>
    internal static (ulong First, ulong Second)[] ReadPairs(ReadOnlySpan<byte> capability)
    {
        const int Start = HeaderLength + 8;
        uint count = capability.Length >= Start ? BinaryPrimitives.ReadUInt32LittleEndian(capability[HeaderLength..])
            : uint.MaxValue;
        if (count > (capability.Length - Start) / PairLength)
            throw new PciDeviceException(
                $"VFIO: a capability of {capability.Length} bytes has no room for the {count} entries it announces");
        var pairs = new (ulong, ulong)[count];
        for (int i = 0; i < pairs.Length; i++)
        {
            var pair = capability[(Start + i * PairLength)..];
            pairs[i] = (
                BinaryPrimitives.ReadUInt64LittleEndian(pair), BinaryPrimitives.ReadUInt64LittleEndian(pair[8..]));
        }
        return pairs;
    }
}
