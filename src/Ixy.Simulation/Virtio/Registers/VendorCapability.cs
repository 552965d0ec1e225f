using Ixy.Hosting.Pci;

namespace Ixy.Simulation.Virtio.Registers;

/// <summary>A capability that says where one of the device's structures is (virtio 1.2, 4.1.4).</summary>
internal static class VendorCapability
{
    internal const int Length = 16, BarOffset = 4, OffsetOffset = 8, LengthOffset = 12;
    private const byte Id = 0x09;

    /// <param name="config">Configuration space.</param>
    /// <param name="place">Its first byte in configuration space.</param>
    /// <param name="length">Bytes of the capability.</param>
    /// <param name="type">The kind of structure.</param>
    /// <param name="bar">The BAR with the structure.</param>
    /// <param name="offset">Bytes from the BAR's start.</param>
    /// <param name="structureLength">Bytes of the structure.</param>
    internal static void Add(
        ConfigurationSpace config, int place, int length, byte type, int bar, uint offset, uint structureLength)
    {
        config.AddCapability(Id, place);
        config.Define(place + 2, 1, (uint)length);
        config.Define(place + 3, 1, type);
        config.Define(place + BarOffset, 1, (uint)bar);
        config.Define(place + OffsetOffset, 4, offset);
        config.Define(place + LengthOffset, 4, structureLength);
    }
}
