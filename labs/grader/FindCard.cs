using Ixy.Vfio;

namespace Ixy.Labs.Grader;

/// <summary>Exercise 1.</summary>
internal sealed class FindCard : Exercise
{
    private const ushort Intel = 0x8086, Card = 0x10FB;

    internal override int Number => 1;

    internal override string Title => "find the card, and read its MAC address";

    internal override string File => "1-find-card.cs";

    internal override Type Contract => typeof(ICardFinder);

    internal override bool AllowsGiven => false;

    internal override IReadOnlyList<LabTask> Tasks { get; } = [
        new("finds the 82599 among other functions", 3, FindsIt),
        new("finds nothing where there is none", 2, FindsNothing),
        new("reads the MAC address", 5, ReadsAddress)];

    private static void FindsIt(Trial trial)
    {
        var (card, _) = OpenCard(trial);
        List<PciDevice> functions = [card, .. Others()];
        // Sometimes there are two of them.
        bool hasSecond = trial.Draw(0, 1) == 1;
        if (hasSecond) functions.Add(new FakeFunction("a second 82599", Intel, Card, 0x020000));
        var mixed = functions.ToArray();
        trial.Shuffle(mixed);
        // Sometimes after all functions that look like it.
        if (trial.Seed % 2 == 0) mixed = [.. mixed.OrderBy(function => function == card)];
        var expected = mixed.First(function => (function.VendorId, function.DeviceId) == (Intel, Card));
        var finder = trial.New<ICardFinder>();
        var found = trial.Call("Find", () => finder.Find(mixed));
        if (ReferenceEquals(found, expected)) return;
        throw trial.Failed(found switch
        {
            null => "Find returned null, but there is an 82599 (8086:10fb) among the functions.",
            { DeviceId: Card, VendorId: Intel } =>
                "Find returned the second 82599: the first one of the list is asked for.",
            { DeviceId: Card } => $"Find returned {Name(found)}: the device id is that of an 82599, but the vendor is not "
                + "Intel. Each vendor gives device ids of its own: compare both.",
            { VendorId: Intel } => $"Find returned {Name(found)}: it is made by Intel, but is no 82599. Compare the device "
                + "id, too.",
            _ => $"Find returned {Name(found)}, which is no 82599 (8086:10fb).",
        }, trial.Run.Line, "PCI 3.0, 6.1");
    }

    private static void FindsNothing(Trial trial)
    {
        var others = Others().ToArray();
        trial.Shuffle(others);
        if (trial.Seed % Judge.UsualSeeds == 0) others = [];
        var finder = trial.New<ICardFinder>();
        var found = trial.Call("Find", () => finder.Find(others));
        if (found is not null)
            throw trial.Failed(
                $"Find returned {Name(found)}, but this machine has no 82599 (8086:10fb): return null then.",
                trial.Run.Line, "PCI 3.0, 6.1");
    }

    private static void ReadsAddress(Trial trial)
    {
        var (card, mac) = OpenCard(trial);
        var finder = trial.New<ICardFinder>();
        byte[] read = trial.Call("ReadMacAddress", () => finder.ReadMacAddress(card));
        if (read is not null && read.AsSpan().SequenceEqual(mac)) return;
        throw trial.Failed($"{Diagnose(read, mac)} The card's address is {Show(mac)}.", trial.Run.Line,
            "82599 8.2.3.7.8, 8.2.3.7.9");
    }

    private static string Diagnose(byte[]? read, byte[] mac)
    {
        if (read is null) return "ReadMacAddress returned null.";
        string returned = $"ReadMacAddress returned {Show(read)}";
        byte[] swapped = [mac[4], mac[5], mac[0], mac[1], mac[2], mac[3]];
        byte[] backwards = [mac[3], mac[2], mac[1], mac[0], mac[5], mac[4]];
        return read.Length != 6 ? $"{returned}: {read.Length} bytes, and a MAC address has six."
            : read.All(one => one == 0xFF) ? $"{returned}: ones are what is read where nobody answers. Enable the BARs first."
            : read.All(one => one == 0) ? $"{returned}: is this the right register?"
            : read.SequenceEqual(mac.Reverse()) ? $"{returned}: the bytes are in the opposite order. The first one on the "
                + "wire is in bits 7 to 0 of RAL."
            : read.SequenceEqual(backwards) ? $"{returned}: each register is read from the wrong end. Its lowest byte "
                + "comes first on the wire."
            : read.SequenceEqual(swapped) || read.Take(2).SequenceEqual(mac.Skip(4)) ?
                $"{returned}: the two registers are the wrong way around. RAL has the first four bytes, RAH the last two."
            : read.Take(4).SequenceEqual(mac.Take(4)) ? $"{returned}: the first four bytes are right. The last two are in "
                + "bits 7 to 0 and 15 to 8 of RAH."
            : $"{returned}: these are not the bytes of RAL[0] and RAH[0].";
    }

    private static (LabDevice Card, byte[] Mac) OpenCard(Trial trial)
    {
        byte[] mac = trial.DrawBytes(6);
        // All of one card, and with high bits set, which is where sign errors show.
        mac[0] = (byte)(mac[0] & 0xFC | 2);
        mac[3] |= 0x80;
        mac[5] |= 0x80;
        return (trial.Open($"sim:ixgbe,mac={Show(mac)}", new LabWire()), mac);
    }

    private static IEnumerable<FakeFunction> Others() => [
        new("an Intel network card for 1 Gbit/s", Intel, 0x10D3, 0x020000),
        new("an Intel X540", Intel, 0x1528, 0x020000),
        new("an Intel disk controller", Intel, 0x2922, 0x010601),
        new("a virtio network card", 0x1AF4, 0x1041, 0x020000),
        new("a Realtek network card", 0x10EC, 0x8168, 0x020000),
        new("a function of another vendor with Intel's number for the 82599", 0x1234, Card, 0x020000),
        new("a bridge whose ids are the other way around", Card, Intel, 0x060400)];

    private static string Name(PciDevice function) => $"{function.Name} ({function.VendorId:x4}:{function.DeviceId:x4})";

    private static string Show(byte[] bytes) => string.Join(':', bytes.Select(one => $"{one:x2}"));

    /// <summary>A function that exists, and nothing more.</summary>
    private sealed class FakeFunction(string name, ushort vendor, ushort device, uint classCode) : PciDevice
    {
        // As for cards, time is virtual.
        private readonly LabRun _run = LabRun.Needed;

        public override TimeProvider Clock => _run.World.Clock;

        public override bool TryPass(TimeSpan longest)
        {
            _run.Pass((long)Math.Min(longest.TotalNanoseconds, _run.Left.TotalNanoseconds));
            return true;
        }

        public override string Name => name;

        public override uint ReadConfig(int offset, int size)
        {
            _run.Pass(LabRun.ReadTime);
            byte[] header = new byte[256];
            BitConverter.TryWriteBytes(header.AsSpan(PciConfig.VendorId), vendor);
            BitConverter.TryWriteBytes(header.AsSpan(PciConfig.DeviceId), device);
            BitConverter.TryWriteBytes(header.AsSpan(PciConfig.RevisionId), classCode << 8 | 1);
            return offset < 0 || offset + size > header.Length ? uint.MaxValue : size switch
            {
                1 => header[offset],
                2 => BitConverter.ToUInt16(header, offset),
                _ => BitConverter.ToUInt32(header, offset),
            };
        }

        public override void WriteConfig(int offset, uint value, int size)
        {
        }

        public override PciBar OpenBar(int index) => throw new PciDeviceException($"{name} has no BAR {index}");

        protected override void MapDma(DmaChunk chunk)
        {
        }

        protected override void UnmapDma(DmaChunk chunk)
        {
        }

        protected override void Close()
        {
        }
    }
}
