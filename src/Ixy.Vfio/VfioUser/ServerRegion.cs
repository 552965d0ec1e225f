using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Ixy.Vfio.Interop;
using Ixy.Vfio.Kernel;
using static Ixy.Vfio.Interop.Vfio;

namespace Ixy.Vfio.VfioUser;

/// <summary>A region of a server's device: a BAR, or configuration space. Thread-safe.</summary>
/// <param name="connection">The connection to the server.</param>
/// <param name="name">For messages: device and region.</param>
/// <param name="index">The region's number, as in linux/vfio.h.</param>
internal sealed unsafe class ServerRegion(ClientConnection connection, string name, int index)
{
    // An info structure with this many capabilities does not describe a device.
    private const int LongestInfo = 1 << 16;

    /// <summary>Asks the server what the region is.</summary>
    /// <param name="file">Receives the file that can be mapped, if any.</param>
    /// <exception cref="VfioUserProtocolException">The server contradicts itself.</exception>
    internal VfioRegion Describe(PassedDescriptors file)
    {
        // Enough for most devices, so that one request suffices.
        byte[] info = Query(1024, file);
        int needed = BinaryPrimitives.ReadInt32LittleEndian(info);
        if (needed > info.Length) info = Query(needed, file);
        connection.Require(BinaryPrimitives.ReadInt32LittleEndian(info) == info.Length, Command.DEVICE_GET_REGION_INFO,
            $"{info.Length} bytes that announce {BinaryPrimitives.ReadUInt32LittleEndian(info)}");
        var region = Parse(info);
        int descriptors = region.Areas.Count > 0 ? 1 : 0;
        connection.Require(file.Count >= descriptors && file.Count <= 1, Command.DEVICE_GET_REGION_INFO,
            $"{file.Count} descriptors for region {index}, which has {region.Areas.Count} areas that can be mapped: "
            + $"expected {descriptors}");
        if (descriptors > 0) RequireBehind(file.Peek(0), region);
        return region;
    }

    /// <summary>Reads 1, 2 or 4 bytes.</summary>
    internal uint Read(uint offset, int size)
    {
        var request = Access(offset, size);
        byte* reply = stackalloc byte[sizeof(Protocol.region_access) + sizeof(uint)];
        int length = sizeof(Protocol.region_access) + size;
        Check(Command.REGION_READ, request, connection.Call(Command.REGION_READ, BytesOf(&request), new(reply, length)),
            length, reply);
        uint value = 0;
        new ReadOnlySpan<byte>(reply + sizeof(Protocol.region_access), size).CopyTo(new(&value, sizeof(uint)));
        return value;
    }

    /// <summary>Writes 1, 2 or 4 bytes; the device has received them when this returns.</summary>
    internal void Write(uint offset, uint value, int size)
    {
        byte* request = stackalloc byte[sizeof(Protocol.region_access) + sizeof(uint)];
        var access = Access(offset, size);
        *(Protocol.region_access*)request = access;
        *(uint*)(request + sizeof(Protocol.region_access)) = value;
        Protocol.region_access reply;
        int length = connection.Call(
            Command.REGION_WRITE, new(request, sizeof(Protocol.region_access) + size),
            new(&reply, sizeof(Protocol.region_access)));
        Check(Command.REGION_WRITE, access, length, sizeof(Protocol.region_access), (byte*)&reply);
    }

    private static ReadOnlySpan<byte> BytesOf(Protocol.region_access* access) =>
        new(access, sizeof(Protocol.region_access));

    private Protocol.region_access Access(uint offset, int size) =>
        new() { offset = offset, region = (uint)index, count = (uint)size };

    // The reply begins with a copy of the request.
    private void Check(Command command, Protocol.region_access asked, int length, int expected, byte* reply)
    {
        connection.RequireLength(command, length, expected);
        var answered = *(Protocol.region_access*)reply;
        if (answered.offset == asked.offset && answered.region == asked.region && answered.count == asked.count) return;
        connection.Require(isRight: false, command,
            $"{answered.count} bytes at 0x{answered.offset:x} of region {answered.region}, " +
            $"expected {asked.count} at 0x{asked.offset:x} of region {asked.region}");
    }

    private byte[] Query(int room, PassedDescriptors file)
    {
        file.Dispose();
        connection.Require(room is > 0 and <= LongestInfo, Command.DEVICE_GET_REGION_INFO,
            $"an info of {(uint)room} bytes for region {index}, expected no more than {LongestInfo}");
        var request = new region_info { argsz = (uint)room, index = (uint)index };
        var reply = new byte[room];
        int length = connection.Call(
            Command.DEVICE_GET_REGION_INFO, new(&request, sizeof(region_info)), reply, received: file);
        var info = MemoryMarshal.Read<region_info>(reply);
        connection.Require(length >= sizeof(region_info) && info.index == index, Command.DEVICE_GET_REGION_INFO,
            $"{length} bytes about region {info.index}, expected {sizeof(region_info)} or more about region {index}");
        return reply[..length];
    }

    private VfioRegion Parse(byte[] info)
    {
        try
        {
            return VfioRegion.Parse(info);
        }
        catch (PciDeviceException error)
        {
            throw new VfioUserProtocolException($"{name}: its server describes it wrongly: {error.Message}");
        }
    }

    // Memory beyond the end of a file can be mapped, and the first access then kills the process.
    private void RequireBehind(int file, VfioRegion region)
    {
        var (start, length) = region.Areas[^1];
        long needed = region.Offset + start + length, found = Libc.lseek(file, 0, Libc.SEEK_END);
        // A file whose end cannot be sought is not a memory file but a device, which has its own memory.
        connection.Require(found < 0 || found >= needed, Command.DEVICE_GET_REGION_INFO,
            $"a file of {found} bytes for region {index}, of which 0x{length:x} bytes at 0x{needed - length:x} are to "
            + "be mapped");
    }
}
