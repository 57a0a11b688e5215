-- A corpus as the code of schema 0001 left it: NATO's five debunks shortened, and two of ours; one is removed.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE debunks (
	id TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	body TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(revision) REFERENCES revisions (revision)
);
INSERT INTO "debunks" VALUES('nato.int-115204-1',1,'{"id":"nato.int-115204-1","myth":"NATO is at war with Russia in Ukraine","lang":"en","passages":["NATO is not at war with Russia, and we do not seek confrontation with Russia. What NATO does is support Ukraine in its right to self-defence, as enshrined in the UN Charter. Over the past months, we have taken strictly defensive measures to increase the presence of NATO troops in the eastern part of the Alliance."],"rating":"false","title":"Setting the record straight","url":"https://www.nato.int/cps/en/natohq/115204.htm","publisher":"NATO","updated":"2022-09-21T17:10+02:00","languages":["fr","ru","uk"],"document_sha256":"c111e6a95cf76cd4ee096462f40364770b4f584648ef8b7c716586022513a830"}');
INSERT INTO "debunks" VALUES('nato.int-115204-2',1,'{"id":"nato.int-115204-2","myth":"NATO promised Russia it would not expand after the Cold War","lang":"en","passages":["Such an agreement was never made. NATO’s door has been open to new members since it was founded in 1949 – and that has never changed. This “Open Door Policy” is enshrined in Article 10 of NATO’s founding treaty, which says “any other European State in a position to further the principles of this Treaty and to contribute to the security of the North Atlantic” can apply for membership. Decisions on membership are taken by consensus among all Allies. No treaty signed by the United States, Europe and Russia included provisions on NATO membership."],"rating":"false","title":"Setting the record straight","url":"https://www.nato.int/cps/en/natohq/115204.htm","publisher":"NATO","updated":"2022-09-21T17:10+02:00","languages":["fr","ru","uk"],"document_sha256":"c111e6a95cf76cd4ee096462f40364770b4f584648ef8b7c716586022513a830"}');
INSERT INTO "debunks" VALUES('nato.int-115204-3',1,'{"id":"nato.int-115204-3","myth":"NATO is aggressive and a threat to Russia","lang":"en","passages":["NATO is a defensive alliance, whose purpose is to protect our members. Our official policy is that \"NATO does not seek confrontation and poses no threat to the Russian Federation\" NATO didn''t invade Georgia; NATO didn''t invade Ukraine. Russia did."],"rating":"false","title":"Setting the record straight","url":"https://www.nato.int/cps/en/natohq/115204.htm","publisher":"NATO","updated":"2022-09-21T17:10+02:00","languages":["fr","ru","uk"],"document_sha256":"c111e6a95cf76cd4ee096462f40364770b4f584648ef8b7c716586022513a830"}');
INSERT INTO "debunks" VALUES('nato.int-115204-4',1,'{"id":"nato.int-115204-4","myth":"NATO is encircling and trying to contain Russia","lang":"en","passages":["NATO is a defensive alliance, whose purpose is to protect our member states. Our exercises and military deployments are not directed against Russia – or any other country."],"rating":"false","title":"Setting the record straight","url":"https://www.nato.int/cps/en/natohq/115204.htm","publisher":"NATO","updated":"2022-09-21T17:10+02:00","languages":["fr","ru","uk"],"document_sha256":"c111e6a95cf76cd4ee096462f40364770b4f584648ef8b7c716586022513a830"}');
INSERT INTO "debunks" VALUES('nato.int-115204-5',1,'{"id":"nato.int-115204-5","myth":"NATO''s interventions in the former Yugoslavia, Kosovo and Libya prove that the Alliance is not defensive","lang":"en","passages":["The former Yugoslavia did not break up because of NATO. The Alliance did not use military force to change borders in the former Yugoslavia. From 1992-1995, NATO conducted several military operations in Bosnia, including enforcing a no-fly-zone and providing air support for UN peacekeepers. These activities were mandated by the United Nations Security Council, of which Russia is a member. NATO air strikes against Bosnian Serb positions in 1995 helped pave the way for the Dayton peace agreement, which ended the war in Bosnia that had killed over 100,000 people. From 1996 onwards, NATO led multinational peacekeeping forces in Bosnia, which included troops from Russia. The European Union took over that mission in 2004."],"rating":"false","title":"Setting the record straight","url":"https://www.nato.int/cps/en/natohq/115204.htm","publisher":"NATO","updated":"2022-09-21T17:10+02:00","languages":["fr","ru","uk"],"document_sha256":"c111e6a95cf76cd4ee096462f40364770b4f584648ef8b7c716586022513a830"}');
INSERT INTO "debunks" VALUES('Міст',2,'{"id":"Міст","myth":"Міст «продано».\nТак?","lang":"uk","rating":"false","tags":["it''s; a \"tag\""]}');
INSERT INTO "debunks" VALUES('gone',4,NULL);
CREATE TABLE identity (
	corpus_id TEXT NOT NULL, 
	PRIMARY KEY (corpus_id)
);
INSERT INTO "identity" VALUES('8d6ae16f329549278710b453a52b4ad9');
CREATE TABLE revisions (
	revision INTEGER NOT NULL, 
	written_at DATETIME NOT NULL, 
	PRIMARY KEY (revision)
);
INSERT INTO "revisions" VALUES(1,'2026-11-24 14:34:19.898134');
INSERT INTO "revisions" VALUES(2,'2026-11-24 14:34:19.900908');
INSERT INTO "revisions" VALUES(3,'2026-11-24 14:34:19.902022');
INSERT INTO "revisions" VALUES(4,'2026-11-24 14:34:19.903147');
CREATE INDEX ix_debunks_revision ON debunks (revision);
COMMIT;
