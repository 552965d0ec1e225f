using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Hosting.Interop;
using Ixy.Vfio.VfioUser;
using static Ixy.Vfio.Interop.Vfio;

namespace Ixy.Hosting.VfioUser;

/// <summary>
/// The regions of a device: BARs 0 to 5 and configuration space. An access of any length becomes accesses of 4, 2 and 1
/// bytes, each naturally aligned, as on a bus. Used under the device's lock.
/// </summary>
internal sealed class RegionCommands(PciFunctionModel model)
{
    private const int Bars = 6, WriteOneLength = 24, WriteOneData = 8;

    internal int GetInfo(Message message, Reply reply, VersionData client)
    {
        if (!message.TryRead(out region_info info) || info.argsz < Unsafe.SizeOf<region_info>()
            || info.index >= Protocol.NUM_REGIONS)
            return Libc.EINVAL;
        uint room = info.argsz;
        uint length = Length(info.index);
        info = new() { index = info.index, size = length, argsz = (uint)Unsafe.SizeOf<region_info>() };
        if (length > 0) info.flags = REGION_INFO_FLAG_READ | REGION_INFO_FLAG_WRITE;
        var areas = SharedAreas(info.index, client);
        byte[] capability = areas.Count > 0 ? SparseAreas(areas) : [];
        info.argsz += (uint)capability.Length;
        // A client whose buffer is too small asks again with argsz bytes. Until then it gets no capabilities: QEMU
        // rejects the flag without the capability itself.
        bool fits = areas.Count > 0 && room >= info.argsz;
        if (fits)
        {
            info.flags |= REGION_INFO_FLAG_MMAP | REGION_INFO_FLAG_CAPS;
            info.cap_offset = (uint)Unsafe.SizeOf<region_info>();
        }
        reply.Add(info);
        if (!fits) return 0;
        reply.Add(capability);
        reply.Descriptor = model.SharedPages((int)info.index)!.Descriptor;
        return 0;
    }

    // An ioeventfd says that a register was written, but not what.
    internal int GetDescriptors(Message message) =>
        message.TryRead(out Protocol.region_io_fds request) && request.argsz >= Unsafe.SizeOf<Protocol.region_io_fds>()
            && request.flags == 0 && request.index < Protocol.NUM_REGIONS
            ? Libc.EOPNOTSUPP
            : Libc.EINVAL;

    internal int Read(Message message, Reply reply)
    {
        if (!message.TryRead(out Protocol.region_access access) || !IsInside(access)) return Libc.EINVAL;
        reply.Add(access);
        var data = reply.AddBytes((int)access.count);
        for (int done = 0; done < data.Length;)
        {
            uint offset = (uint)access.offset + (uint)done;
            int size = Step(offset, data.Length - done);
            uint value = access.region == PCI_CONFIG_REGION_INDEX
                ? model.ReadConfig((int)offset, size)
                : model.ReadBar((int)access.region, offset, size);
            for (int i = 0; i < size; i++) data[done + i] = (byte)(value >> 8 * i);
            done += size;
        }
        return 0;
    }

    internal int Write(Message message, Reply reply)
    {
        if (!message.TryRead(out Protocol.region_access access) || !IsInside(access)) return Libc.EINVAL;
        var data = message.Payload[Unsafe.SizeOf<Protocol.region_access>()..];
        if (data.Length != access.count) return Libc.EINVAL;
        Write(access, data);
        reply.Add(access);
        return 0;
    }

    /// <summary>A count, and that many writes of up to 8 bytes. All are checked before the first is executed.</summary>
    internal int WriteMultiple(Message message, Reply reply)
    {
        if (!message.TryRead(out ulong count)) return Libc.EINVAL;
        var writes = message.Payload[sizeof(ulong)..];
        if (writes.Length % WriteOneLength != 0 || count != (ulong)(writes.Length / WriteOneLength)) return Libc.EINVAL;
        for (var rest = writes; !rest.IsEmpty; rest = rest[WriteOneLength..])
        {
            var access = MemoryMarshal.Read<Protocol.region_access>(rest);
            if (access.count > WriteOneData || !IsInside(access)) return Libc.EINVAL;
        }
        for (var rest = writes; !rest.IsEmpty; rest = rest[WriteOneLength..])
        {
            var access = MemoryMarshal.Read<Protocol.region_access>(rest);
            Write(access, rest.Slice(WriteOneLength - WriteOneData, (int)access.count));
        }
        reply.Add(count);
        return 0;
    }

    private uint Length(uint region) => region switch
    {
        < Bars => model.BarLength((int)region),
        PCI_CONFIG_REGION_INDEX => (uint)model.ConfigLength,
        _ => 0,
    };

    private bool IsInside(in Protocol.region_access access)
    {
        uint length = Length(access.region);
        return access.count <= CommandHandler.MostData && access.offset <= length
            && access.count <= length - access.offset;
    }

    private static int Step(uint offset, int left)
    {
        int aligned = offset % sizeof(uint) == 0 ? sizeof(uint) : 1 << BitOperations.TrailingZeroCount(offset);
        return Math.Min(aligned, 1 << BitOperations.Log2((uint)Math.Min(left, sizeof(uint))));
    }

    private void Write(in Protocol.region_access access, ReadOnlySpan<byte> data)
    {
        for (int done = 0; done < data.Length;)
        {
            uint offset = (uint)access.offset + (uint)done, value = 0;
            int size = Step(offset, data.Length - done);
            for (int i = 0; i < size; i++) value |= (uint)data[done + i] << 8 * i;
            if (access.region == PCI_CONFIG_REGION_INDEX) model.WriteConfig((int)offset, value, size);
            else model.WriteBar((int)access.region, offset, value, size);
            done += size;
        }
    }

    // Adjacent pages make one area.
    private List<(ulong Offset, ulong Size)> SharedAreas(uint region, VersionData client)
    {
        var areas = new List<(ulong Offset, ulong Size)>();
        // A client that accepts no descriptors cannot map anything.
        if (client.MaxMessageDescriptors == 0 || region >= Bars || model.SharedPages((int)region) is not { } shared)
            return areas;
        foreach (uint page in shared.Pages)
        {
            if (!client.UsesDoorbellsOnly && !model.IsPlainMemory((int)region, page)) continue;
            if (areas.Count > 0 && areas[^1].Offset + areas[^1].Size == page)
                areas[^1] = (areas[^1].Offset, areas[^1].Size + SharedPages.PageLength);
            else areas.Add((page, SharedPages.PageLength));
        }
        return areas;
    }

    // linux/vfio.h, struct vfio_region_info_cap_sparse_mmap: header (id, version, next), number of areas, reserved,
    // areas.
    private static byte[] SparseAreas(List<(ulong Offset, ulong Size)> areas)
    {
        const int Start = 16, PairLength = 16;
        var bytes = new byte[Start + areas.Count * PairLength];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, REGION_INFO_CAP_SPARSE_MMAP);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2), 1);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), areas.Count);
        for (int i = 0; i < areas.Count; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(Start + i * PairLength), areas[i].Offset);
            BinaryPrimitives.WriteUInt64LittleEndian(
                bytes.AsSpan(Start + i * PairLength + sizeof(ulong)), areas[i].Size);
        }
        return bytes;
    }
}
